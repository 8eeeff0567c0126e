// The GraphQL client: a normalised cache, so a party's count is one number wherever it is shown.

import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import schema from "./generated/schema.json";
import { socket } from "./live";
import { newestExchange } from "./newest";
import { fetchSignedIn } from "./signed-in";

export const client = new Client({
  url: "/graphql",
  preferGetMethod: false,
  fetch: fetchSignedIn,
  exchanges: [
    cacheExchange({
      schema,
      keys: {
        PartyConnection: () => null,
        AttendeeConnection: () => null,
        PageInfo: () => null,
        InvalidField: () => null,
        Viewer: () => null,
      },
      updates: {
        Mutation: {
          deleteParty(result, _arguments, cache) {
            const { deletedPartyId } = result.deleteParty as { deletedPartyId?: string };
            if (deletedPartyId) cache.invalidate({ __typename: "Party", id: deletedPartyId });
          },
        },
      },
    }),
    newestExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink),
        }),
      }),
    }),
  ],
});
