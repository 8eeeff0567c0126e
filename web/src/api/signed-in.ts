// fetch with the token of who is signed in. A token that the server refuses is forgotten and the
// request sent again without: who reads goes on reading, who changes something is told to sign in.

import { bearer, refused } from "../sign-in/session";

const TIMEOUT = 20_000; // milliseconds; the server answers within half of it

export async function fetchSignedIn(
  url: RequestInfo | URL,
  init: RequestInit = {},
): Promise<Response> {
  const signals = [init.signal, AbortSignal.timeout(TIMEOUT)].filter((each) => !!each);
  const request = { ...init, signal: AbortSignal.any(signals) };
  const token = bearer();
  if (token === undefined) return fetch(url, request);
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  const response = await fetch(url, { ...request, headers });
  if (response.status !== 401) return response;
  refused(token, await reason(response));
  return fetch(url, request);
}

async function reason(response: Response): Promise<string | undefined> {
  const body: unknown = await response.json().catch(() => undefined);
  return (body as { errors?: { message: string }[] } | undefined)?.errors?.[0]?.message;
}
