// graphql-ws between two servers: where the one closes, it goes on with the other. Prints each
// state as it comes, and the code of each close.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { say, SUBSCRIPTION } from "./shared.mjs";

const [partyId, ...urls] = process.argv.slice(2);
let attempts = 0;
const client = createClient({
  url: () => urls[attempts++ % urls.length],
  webSocketImpl: WebSocket,
  retryAttempts: 20,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  shouldRetry: () => true,
  on: { closed: ({ code }) => say({ closed: code }) },
});
client.subscribe(
  { query: SUBSCRIPTION, variables: { id: partyId } },
  {
    next: ({ data }) => say({ people: data.partyChanged?.people ?? null }),
    error: (error) => say({ error: String(error) }),
    complete: () => process.exit(0),
  },
);
