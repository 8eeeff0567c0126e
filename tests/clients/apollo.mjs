// Apollo Client: queries and mutations over HTTP, subscriptions over graphql-ws, one cache.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { getMainDefinition } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { partyId, say, tour, url, webSocketUrl } from "./shared.mjs";

const sockets = createClient({ url: webSocketUrl, webSocketImpl: WebSocket });
const isSubscription = ({ query }) => getMainDefinition(query).operation === "subscription";
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: ApolloLink.split(isSubscription, new GraphQLWsLink(sockets), new HttpLink({ uri: url })),
});

async function run(document, variables) {
  const parsed = gql(document);
  const { data } =
    getMainDefinition(parsed).operation === "mutation"
      ? await client.mutate({ mutation: parsed, variables })
      : await client.query({ query: parsed, variables });
  return data;
}

function follow(document, variables, next) {
  const subscription = client
    .subscribe({ query: gql(document), variables })
    .subscribe({ next: ({ data }) => next(data), error: fail });
  return () => subscription.unsubscribe();
}

function fail(error) {
  throw error;
}

await tour(run, follow);
const cached = client.readFragment({
  id: `Party:${partyId}`,
  fragment: gql("fragment Cached on Party { people }"),
});
say({ cached: cached.people });
client.stop();
await sockets.dispose();
