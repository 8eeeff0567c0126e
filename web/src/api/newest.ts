// Answers arrive in any order: a join's, a subscription's, a page's. Of a party the newest revision
// stands, so what an older answer says of it is replaced before the cache sees it.

import type { Exchange, OperationResult } from "@urql/core";
import { map } from "wonka";

interface Known {
  revision: number;
  [field: string]: unknown;
}

export const newestExchange: Exchange = ({ forward }) => {
  const newest = new Map<string, Known>();

  function renew(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) renew(item);
    } else if (value !== null && typeof value === "object") {
      const object = value as Record<string, unknown>;
      if (object.__typename === "Party") renewParty(object as unknown as Known & { id: string });
      else for (const field of Object.values(object)) renew(field);
    }
  }

  function renewParty(party: Known & { id: string }): void {
    const known = newest.get(party.id);
    if (known === undefined || party.revision > known.revision) {
      newest.set(party.id, { ...party });
    } else if (party.revision === known.revision) {
      Object.assign(known, party);
    } else {
      for (const field of Object.keys(party)) if (field in known) party[field] = known[field];
    }
  }

  return (operations) =>
    map((result: OperationResult) => {
      renew(result.data);
      return result;
    })(forward(operations));
};
