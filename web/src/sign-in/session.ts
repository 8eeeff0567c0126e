// Who is signed in, in this tab. The token lives as long as the tab: it is in sessionStorage, so that
// a reload keeps it, and never in an address. provider.ts gets one, this file keeps and forgets it.

import { useEffect, useState } from "preact/hooks";
import { offer } from "./offer";

export interface SignedIn {
  kind: "in";
  name: string; // as the provider has it, for the page to show
  token: string;
  idToken: string; // which the provider wants to see when signing out
  expiresAt: number; // milliseconds of the Unix epoch
}

export type Session =
  | SignedIn
  | { kind: "open" } // nobody signs in here, and anybody may do anything
  | { kind: "unable" } // people sign in here, but this page cannot have them do so
  | { kind: "out"; problem?: string }; // why nobody is any more, or yet; a sentence for the person

const KEPT = "partyfinder:session";
const LONGEST_TIMER = 2 ** 31 - 1; // milliseconds
const ENDED = "Your sign-in has ended. Sign in again to go on; what is on this page stays.";

let session: Session = first();
let timer: ReturnType<typeof setTimeout> | undefined;
const watchers = new Set<(now: Session) => void>();
const otherTabs = new BroadcastChannel("partyfinder:sign-out");

otherTabs.onmessage = () => {
  if (session.kind === "in") become({ kind: "out" });
};
watchExpiry();

export function useSession(): Session {
  const [now, setNow] = useState(session);
  useEffect(() => {
    setNow(session);
    watchers.add(setNow);
    return () => {
      watchers.delete(setNow);
    };
  }, []);
  return now;
}

// The token to send; undefined where nobody is signed in.
export function bearer(): string | undefined {
  if (session.kind === "in" && session.expiresAt <= Date.now()) {
    become({ kind: "out", problem: ENDED });
  }
  return session.kind === "in" ? session.token : undefined;
}

// The server takes this token no longer, or never did.
export function refused(token: string, reason = "It did not say why."): void {
  if (session.kind !== "in" || session.token !== token) return; // an old one
  const isOld = session.expiresAt <= Date.now();
  const problem = isOld ? ENDED : `The server does not accept your sign-in. ${reason}`;
  become({ kind: "out", problem });
}

export function became(signedIn: SignedIn): void {
  become(signedIn);
}

export function failed(problem: string): void {
  if (session.kind === "out") become({ kind: "out", problem });
}

// In every tab. Returns who was signed in here.
export function forget(): SignedIn | undefined {
  const before = session.kind === "in" ? session : undefined;
  become({ kind: "out" });
  otherTabs.postMessage(null);
  return before;
}

function become(now: Session): void {
  session = now;
  if (now.kind === "in") sessionStorage.setItem(KEPT, JSON.stringify(now));
  else sessionStorage.removeItem(KEPT);
  watchExpiry();
  for (const watcher of [...watchers]) watcher(now);
}

function watchExpiry(): void {
  clearTimeout(timer);
  if (session.kind !== "in") return;
  const left = Math.max(0, session.expiresAt - Date.now());
  timer = setTimeout(() => (bearer() ? watchExpiry() : undefined), Math.min(left, LONGEST_TIMER));
}

function first(): Session {
  if (!offer) return { kind: "open" };
  if (offer.clientId === null) return { kind: "unable" };
  const kept = sessionStorage.getItem(KEPT);
  return kept === null ? { kind: "out" } : (JSON.parse(kept) as SignedIn);
}
