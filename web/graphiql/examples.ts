// Operations to begin with, a tab each, with variables that fit what is there now.

interface Example {
  query: string;
  variables?: string;
}

const CITY = "Lisbon";
const WEEK = 7 * 86_400_000; // milliseconds

const UPCOMING = `# A city's upcoming parties, soonest first. Press ▶ or Ctrl-Enter.
query Upcoming {
  parties(city: "${CITY}", first: 5) {
    nodes { id name date timeZone place people capacity }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const POST = `mutation Post($input: CreatePartyInput!) {
  createParty(input: $input) {
    ... on CreatePartySuccess { party { id date revision } }
    ... on InvalidInputError { message fields { field message } }
    ... on UserError { message }
  }
}
`;

const JOIN = `# Send it twice: the second time the count that you saw is no longer true.
mutation Join($party: ID!, $seen: Int, $key: String) {
  joinParty(input: { partyId: $party, expectedPeople: $seen, idempotencyKey: $key }) {
    __typename
    ... on JoinPartySuccess { party { id people } }
    ... on ConflictError { message party { id people } }
    ... on UserError { message }
  }
}
`;

const FOLLOW = `# Runs until you stop it. Post or join in another tab meanwhile.
subscription Follow($city: String!) {
  cityChanged(name: $city) {
    parties(first: 5) { nodes { name people revision } }
  }
}
`;

export async function examples(url: string): Promise<Example[]> {
  const { id, people } = await someParty(url);
  const post = {
    input: {
      city: CITY,
      name: "Housewarming",
      date: new Date(Date.now() + WEEK).toISOString(),
      timeZone: "Europe/Lisbon",
      place: "Rua das Flores 7",
      capacity: 30,
    },
  };
  return [
    { query: UPCOMING },
    example(JOIN, { party: id, seen: people }),
    example(POST, post),
    example(FOLLOW, { city: CITY }),
  ];
}

function example(query: string, variables: object): Example {
  return { query, variables: JSON.stringify(variables, null, 2) };
}

// A party that can be joined; one of no id where there is none, or nobody to ask.
async function someParty(url: string): Promise<{ id: string; people: number }> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        query: "query ($city: String!) { parties(city: $city, first: 1) { nodes { id people } } }",
        variables: { city: CITY },
      }),
    });
    const { data } = await answer.json();
    return data.parties.nodes[0] ?? { id: "", people: 0 };
  } catch {
    return { id: "", people: 0 };
  }
}
