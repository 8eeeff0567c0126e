// What the clients do alike: a query, a mutation with its union, and a subscription during which
// somebody else joins over plain HTTP. Each prints what it saw as one line of JSON.

export const [url, partyId] = process.argv.slice(2);
export const webSocketUrl = url.replace(/^http/, "ws");

export const QUERY = `query Look($id: ID!) {
  node(id: $id) { __typename id ... on Party { name people } }
}`;
export const MUTATION = `mutation Join($id: ID!, $seen: Int) {
  joinParty(input: { partyId: $id, expectedPeople: $seen }) {
    __typename
    ... on JoinPartySuccess { party { id people } }
    ... on ConflictError { message party { id people } }
    ... on UserError { message }
  }
}`;
export const SUBSCRIPTION = `subscription Follow($id: ID!) {
  partyChanged(id: $id) { __typename id people }
}`;

export async function joinOverHttp() {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: MUTATION, variables: { id: partyId } }),
  });
  return response.json();
}

/** Run the three operations with a client's two ways of running one.
 *
 * @param {(document: string, variables: object) => Promise<object>} run resolves to the data
 * @param {(document: string, variables: object, next: (data: object) => void) => () => void} follow
 */
export async function tour(run, follow) {
  const look = await run(QUERY, { id: partyId });
  const join = await run(MUTATION, { id: partyId, seen: look.node.people });
  const late = await run(MUTATION, { id: partyId, seen: look.node.people });
  const seen = await new Promise((resolve) => {
    const states = [];
    const stop = follow(SUBSCRIPTION, { id: partyId }, async (data) => {
      states.push(data.partyChanged.people);
      if (states.length === 1) await joinOverHttp();
      else {
        stop();
        resolve(states);
      }
    });
  });
  say({ name: look.node.name, join: join.joinParty, late: late.joinParty, seen });
}

export function say(value) {
  console.log(JSON.stringify(value));
}
