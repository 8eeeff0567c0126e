// What somebody has typed of a new party, over a reload or the way to the identity provider and back.
// It belongs to the tab, and is taken once.

import type { CreatePartyInput } from "../api/generated/operations";

export type Values = Record<
  "name" | "city" | "date" | "timeZone" | "place" | "description" | "people" | "capacity",
  string
>;

interface Draft {
  values: Values;
  unknown?: CreatePartyInput | undefined; // was sent, and its fate is not known
}

const KEPT = "partyfinder:draft";

export function keepDraft(draft: Draft): void {
  sessionStorage.setItem(KEPT, JSON.stringify(draft));
}

export function takeDraft(): Draft | undefined {
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  return kept === null ? undefined : (JSON.parse(kept) as Draft);
}
