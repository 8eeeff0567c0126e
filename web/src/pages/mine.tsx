// My parties: what whoever is signed in has joined, and what they host. Both lists come in one query.

import { useState } from "preact/hooks";
import { type AgendaFragment, MineDocument } from "../api/generated/operations";
import { useReading } from "../api/reading";
import { go, paths } from "../navigation";
import { Heading } from "../parts/heading";
import { Blank, Failed, Loading } from "../parts/states";
import { Ticket } from "../parts/ticket";
import { signIn } from "../sign-in/actions";
import { useSession } from "../sign-in/session";

const STEP = 20;
type List = "joined" | "hosting";

export function Mine() {
  const session = useSession();
  return (
    <>
      <Heading title="My parties" />
      {session.kind === "in" && <Lists />}
      {session.kind === "out" && <Stranger />}
      {(session.kind === "open" || session.kind === "unable") && <Nowhere />}
    </>
  );
}

function Lists() {
  const { data, problem, again } = useReading({
    query: MineDocument,
    variables: { first: STEP, joined: true, hosting: true },
    requestPolicy: "cache-and-network",
  });
  if (problem && !data?.viewer) return <Failed message={problem} onAgain={again} />;
  if (!data?.viewer) return <Loading />;
  const { joined, hosting } = data.viewer;
  return (
    <>
      <section class="agenda">
        <h2 id="joined">Parties I joined</h2>
        {joined?.nodes.length === 0 ? (
          <Blank title="Nothing ahead" level={3}>
            <p>Parties that you join stand here, soonest first.</p>
            <a class="button" href={paths.find}>
              Find a party
            </a>
          </Blank>
        ) : (
          <Pages list="joined" page={joined} onAgain={again} />
        )}
      </section>
      <section class="agenda">
        <h2 id="hosting">Parties I host</h2>
        {hosting?.nodes.length === 0 ? (
          <Blank title="Nothing posted" level={3}>
            <p>Parties that you post stand here, with who comes to them.</p>
            <button type="button" onClick={() => go(paths.newParty())}>
              Post a party
            </button>
          </Blank>
        ) : (
          <Pages list="hosting" page={hosting} onAgain={again} />
        )}
      </section>
    </>
  );
}

interface PagesProps {
  list: List;
  page: AgendaFragment | null | undefined; // null: it could not be read
  onAgain: () => void;
}

// A page of one list, and the pages after it as they are asked for.
function Pages({ list, page, onAgain }: PagesProps) {
  const [isMore, setMore] = useState(false);
  if (!page) return <Failed message="The list could not be read." onAgain={onAgain} />;
  const { hasNextPage, endCursor } = page.pageInfo;
  return (
    <>
      <ul class="tickets" aria-labelledby={list}>
        {page.nodes.map((party) => (
          <Ticket key={party.id} party={party} level={3} />
        ))}
      </ul>
      {hasNextPage && endCursor && isMore && <Further list={list} after={endCursor} />}
      {hasNextPage && !isMore && (
        <button type="button" class="quiet more" onClick={() => setMore(true)}>
          {list === "joined" ? "More parties I joined" : "More parties I host"}
        </button>
      )}
    </>
  );
}

function Further({ list, after }: { list: List; after: string }) {
  const { data, problem, again } = useReading({
    query: MineDocument,
    variables: { first: STEP, after, joined: list === "joined", hosting: list === "hosting" },
  });
  if (problem && !data?.viewer) return <Failed message={problem} onAgain={again} />;
  if (!data?.viewer) return <Loading />;
  return <Pages list={list} page={data.viewer[list]} onAgain={again} />;
}

function Stranger() {
  return (
    <Blank title="Whose parties?">
      <p>Sign in to see what you have joined and what you host.</p>
      <button type="button" onClick={() => void signIn()}>
        Sign in
      </button>
    </Blank>
  );
}

function Nowhere() {
  return (
    <Blank title="Nobody signs in here">
      <p>So this server does not know which parties are yours.</p>
      <a class="button" href={paths.find}>
        Find a party
      </a>
    </Blank>
  );
}
