// Sends a change until its outcome is known. The same input, and with it the same key, goes out
// again and again: the server applies it once.

import type { CombinedError, TypedDocumentNode } from "@urql/core";
import { useRef, useState } from "preact/hooks";
import { client } from "./client";
import { mayBeBack } from "./live";

export type Phase = "idle" | "sending" | "waiting"; // waiting: for the connection to come back

export type Ending<Data> =
  | { kind: "answered"; data: Data }
  | { kind: "unknown"; message: string } // to be sent again as it is, which resolves it
  | { kind: "nobody"; message: string } // nothing was changed, for nobody is signed in
  | { kind: "failed"; message: string }; // nothing was changed

type Document<Data, Input> = TypedDocumentNode<Data, { input: Input }>;

const UNKNOWN =
  "The server does not know yet whether that was counted. Ask again: it is the same change, so it " +
  "counts once at most.";

const NOBODY = "This takes signing in. You come back to this page, and nothing on it is lost.";

// One change at a time; send returns undefined while another is on its way.
export function useChange() {
  const [phase, setPhase] = useState<Phase>("idle");
  const isBusy = useRef(false);

  async function send<Data, Input>(
    document: Document<Data, Input>,
    input: Input,
  ): Promise<Ending<Data> | undefined> {
    if (isBusy.current) return undefined;
    isBusy.current = true;
    setPhase("sending");
    try {
      return await untilKnown(document, input, setPhase);
    } finally {
      isBusy.current = false;
      setPhase("idle");
    }
  }

  return { phase, send };
}

export function drawKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function untilKnown<Data, Input>(
  document: Document<Data, Input>,
  input: Input,
  onPhase: (phase: Phase) => void,
): Promise<Ending<Data>> {
  for (let attempt = 0; ; attempt++) {
    const { data, error } = await client.mutation(document, { input });
    if (!error && data) return { kind: "answered", data };
    if (error && !error.networkError) return ending(error);
    onPhase("waiting");
    await mayBeBack(attempt);
  }
}

function ending(error: CombinedError): Ending<never> {
  const first = error.graphQLErrors[0];
  if (first?.extensions.code === "OUTCOME_UNKNOWN") return { kind: "unknown", message: UNKNOWN };
  if (first?.extensions.code === "UNAUTHENTICATED") return { kind: "nobody", message: NOBODY };
  return { kind: "failed", message: first?.message ?? "Something went wrong. Try again." };
}
