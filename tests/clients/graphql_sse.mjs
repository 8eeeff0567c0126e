import { createClient } from "graphql-sse";
import { tour, url } from "./shared.mjs";

const client = createClient({ url, singleConnection: false });

function run(query, variables) {
  return new Promise((resolve, reject) => {
    let data;
    client.subscribe(
      { query, variables },
      { next: (result) => (data = result.data), error: reject, complete: () => resolve(data) },
    );
  });
}

function follow(query, variables, next) {
  const sink = { next: ({ data }) => next(data), error: fail, complete: () => {} };
  return client.subscribe({ query, variables }, sink);
}

function fail(error) {
  throw error;
}

await tour(run, follow);
client.dispose();
