// urql: queries and mutations over HTTP; subscriptions over its own event streams, then graphql-ws.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { tour, url, webSocketUrl } from "./shared.mjs";

// urql leaves the end of an event stream that it aborts itself unhandled.
process.on("unhandledRejection", (error) => {
  if (error.name !== "AbortError") throw error;
});

async function tourWith(options) {
  const client = new Client({ url, preferGetMethod: false, ...options });
  async function run(document, variables) {
    const action = document.startsWith("mutation") ? "mutation" : "query";
    const { data, error } = await client[action](document, variables).toPromise();
    if (error) throw error;
    return data;
  }
  function follow(document, variables, next) {
    const { unsubscribe } = client.subscription(document, variables).subscribe((result) => {
      if (result.error) throw result.error;
      if (result.data) next(result.data);
    });
    return unsubscribe;
  }
  await tour(run, follow);
}

await tourWith({ exchanges: [fetchExchange], fetchSubscriptions: true });

const sockets = createClient({ url: webSocketUrl, webSocketImpl: WebSocket });
const forwardSubscription = (request) => ({
  subscribe: (sink) => ({
    unsubscribe: sockets.subscribe({ query: request.query ?? "", variables: request.variables }, sink),
  }),
});
await tourWith({ exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })] });
await sockets.dispose();
