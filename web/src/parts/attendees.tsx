// Who comes, for the host: everybody who has joined while signed in, by the identity provider's ids.

import { useEffect, useRef, useState } from "preact/hooks";
import { AttendeesDocument, type PeopleFragment } from "../api/generated/operations";
import { useReading } from "../api/reading";

interface Props {
  partyId: string;
  first: PeopleFragment; // the first page
  people: number; // whose change means that somebody has come or gone
  onChange: () => void; // to read the first page anew
}

export function Attendees({ partyId, first, people, onChange }: Props) {
  const known = useRef(people);
  useEffect(() => {
    if (known.current !== people) onChange();
    known.current = people;
  }, [people]);
  return (
    <section class="attendees">
      <h2>Who is coming</h2>
      {first.nodes.length === 0 ? (
        <p class="muted">Nobody has joined yet. Who does appears here, for you alone.</p>
      ) : (
        <>
          <p class="muted">For you alone: everybody who has joined, by their id at sign-in.</p>
          <Names partyId={partyId} page={first} />
        </>
      )}
    </section>
  );
}

function Names({ partyId, page }: { partyId: string; page: PeopleFragment }) {
  const [isMore, setMore] = useState(false);
  const { hasNextPage, endCursor } = page.pageInfo;
  return (
    <>
      <ul class="names">
        {page.nodes.map((person) => (
          <li key={person.id}>{person.id}</li>
        ))}
      </ul>
      {hasNextPage && endCursor && isMore && <Further partyId={partyId} after={endCursor} />}
      {hasNextPage && !isMore && (
        <button type="button" class="quiet more" onClick={() => setMore(true)}>
          More people
        </button>
      )}
    </>
  );
}

function Further({ partyId, after }: { partyId: string; after: string }) {
  const { data, problem, again } = useReading({
    query: AttendeesDocument,
    variables: { id: partyId, after },
  });
  const page = data?.party?.attendees;
  if (page) return <Names partyId={partyId} page={page} />;
  if (!problem) return <p class="muted">Loading …</p>;
  return (
    <p class="problem" role="alert">
      {problem}{" "}
      <button type="button" class="text" onClick={again}>
        Load again
      </button>
    </p>
  );
}
