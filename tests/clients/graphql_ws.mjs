import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { tour, webSocketUrl } from "./shared.mjs";

const client = createClient({ url: webSocketUrl, webSocketImpl: WebSocket });

async function run(query, variables) {
  for await (const { data, errors } of client.iterate({ query, variables })) {
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
}

function follow(query, variables, next) {
  const sink = { next: ({ data }) => next(data), error: fail, complete: () => {} };
  return client.subscribe({ query, variables }, sink);
}

function fail(error) {
  throw error instanceof Error ? error : new Error(JSON.stringify(error));
}

await tour(run, follow);
await client.dispose();
