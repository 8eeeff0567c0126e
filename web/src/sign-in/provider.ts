// Signing in at the identity provider and out again: OpenID Connect's authorization code flow with
// PKCE, by oauth4webapi. Loaded when somebody signs in or out, not before.
//
//   begin ──▶ the provider's pages ──▶ /signed-in?code=… ──▶ complete ──▶ the page it began on

import * as oauth from "oauth4webapi";
import { paths } from "../navigation";
import { offer } from "./offer";
import { became, forget, type SignedIn } from "./session";

// What has to outlive the way to the provider and back, in this tab.
export interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  from: string; // the path to come back to
}

const ATTEMPT = "partyfinder:attempt";
const TIMEOUT = 15_000; // milliseconds
const UNREADABLE = new Set([oauth.RESPONSE_IS_NOT_CONFORM, oauth.PARSE_ERROR]);
const FALLBACK_LIFETIME = 300; // seconds, of a token whose provider does not tell; the server knows

// Goes to the provider's pages; the page that is open is left.
export async function begin(from: string): Promise<void> {
  const server = await discover();
  if (!server.authorization_endpoint) throw new Error("no authorization endpoint");
  const attempt: Attempt = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    from,
  };
  const address = new URL(server.authorization_endpoint);
  const asked = {
    response_type: "code",
    client_id: client().client_id,
    redirect_uri: callback(),
    scope: configured().scopes,
    audience: configured().audience, // Auth0 wants it; others pass over what they do not know
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
  location.assign(address);
}

// What this tab has begun, if anything; it is good for one try.
export function takeAttempt(): Attempt | undefined {
  const kept = sessionStorage.getItem(ATTEMPT);
  sessionStorage.removeItem(ATTEMPT);
  return kept === null ? undefined : (JSON.parse(kept) as Attempt);
}

// Exchanges the code that the provider sent the person back with. Throws what the provider refused,
// and what does not fit the attempt.
export async function complete(attempt: Attempt, returned: URL): Promise<void> {
  const server = await discover();
  const code = oauth.validateAuthResponse(server, client(), returned, attempt.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client(),
    oauth.None(),
    code,
    callback(),
    attempt.verifier,
    options(),
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client(), response, {
    expectedNonce: attempt.nonce,
    requireIdToken: true,
  });
  became(signedIn(tokens));
}

// Forgets the token, and has the provider forget that this browser is signed in where it can.
export async function leave(): Promise<void> {
  const idToken = forget()?.idToken;
  const server = await discover().catch(() => undefined);
  if (!server?.end_session_endpoint) return location.assign(paths.find);
  const address = new URL(server.end_session_endpoint);
  if (idToken) address.searchParams.set("id_token_hint", idToken);
  address.searchParams.set("client_id", client().client_id);
  address.searchParams.set("post_logout_redirect_uri", `${location.origin}${paths.find}`);
  location.assign(address);
}

// What a person is told of an attempt that failed.
export function inWords(error: unknown): string {
  if (error instanceof oauth.AuthorizationResponseError) {
    if (error.error === "access_denied") return "You were not signed in: the provider said no.";
    return `The provider refused: ${error.error_description ?? error.error}.`;
  }
  if (!window.isSecureContext) return "Signing in works over https only; ask who runs this server.";
  if (error instanceof oauth.ResponseBodyError) {
    return `The provider refused: ${error.error_description ?? error.error}.`;
  }
  if (error instanceof oauth.OperationProcessingError && UNREADABLE.has(error.code ?? "")) {
    return "The identity provider did not answer as it should. Try again in a while.";
  }
  if (error instanceof TypeError || (error instanceof DOMException && error.name !== "DataError")) {
    return "The identity provider cannot be reached. Try again in a while.";
  }
  return "That did not fit together, so nobody was signed in. Try again.";
}

function signedIn(tokens: oauth.TokenEndpointResponse): SignedIn {
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  const names = [claims?.name, claims?.preferred_username, claims?.email, claims?.sub];
  return {
    kind: "in",
    name: names.find((each): each is string => typeof each === "string" && each !== "") ?? "",
    token: tokens.access_token,
    idToken: tokens.id_token ?? "",
    expiresAt: Date.now() + 1000 * (tokens.expires_in ?? FALLBACK_LIFETIME),
  };
}

async function discover(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(configured().issuer);
  const response = await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...options() });
  return oauth.processDiscoveryResponse(issuer, response);
}

function configured() {
  if (!offer) throw new Error("Nobody signs in here.");
  return offer;
}

function client(): oauth.Client {
  return { client_id: configured().clientId ?? "" };
}

function callback(): string {
  return location.origin + paths.signedIn;
}

// The server's settings take http for a provider on the same machine alone.
function options() {
  return {
    [oauth.allowInsecureRequests]: configured().issuer.startsWith("http://"),
    signal: () => AbortSignal.timeout(TIMEOUT),
  };
}
