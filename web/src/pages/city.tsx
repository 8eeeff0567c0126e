// A city's upcoming parties, soonest first. The first hundred are followed live.

import { useEffect } from "preact/hooks";
import { CityChangedDocument, CityDocument } from "../api/generated/operations";
import { useFollowing, useReading } from "../api/reading";
import { go, paths } from "../navigation";
import { rememberCity } from "../parts/cities";
import { Heading } from "../parts/heading";
import { Blank, Failed, Loading } from "../parts/states";
import { Ticket } from "../parts/ticket";

const STEP = 20;
const LARGEST_PAGE = 100;

export function City({ name, shown }: { name: string; shown: number }) {
  return (
    <>
      <p class="eyebrow">Upcoming parties in</p>
      <Block key={name} name={name} shown={shown} isFirst />
    </>
  );
}

export function shownParties(search: URLSearchParams): number {
  const asked = Number(search.get("show") ?? STEP);
  return Number.isInteger(asked) && asked >= STEP ? Math.min(asked, 10_000) : STEP;
}

interface BlockProps {
  name: string;
  shown: number; // how many of the list from here on
  total?: number; // how many of the whole list
  after?: string;
  isFirst?: boolean;
}

// A page of the API, up to a hundred parties, and the pages after it.
function Block({ name, shown, total = shown, after, isFirst = false }: BlockProps) {
  const variables = { name, first: Math.min(shown, LARGEST_PAGE), ...(after && { after }) };
  const { data, problem, again } = useReading({
    query: CityDocument,
    variables,
    requestPolicy: "cache-and-network",
  });
  useFollowing(CityChangedDocument, variables, !isFirst || data === undefined);
  const city = data?.city;
  const parties = city?.parties;
  const found = isFirst && parties?.nodes.length ? city?.name : undefined;
  useEffect(() => {
    if (found) rememberCity(found);
  }, [found]);
  const heading = isFirst && <Heading title={city?.name ?? name} />;
  if (!parties) {
    return (
      <>
        {heading}
        {problem ? <Failed message={problem} onAgain={again} /> : <Loading />}
      </>
    );
  }
  const { hasNextPage, endCursor } = parties.pageInfo;
  const rest = shown - LARGEST_PAGE;
  return (
    <>
      {heading}
      {parties.nodes.length > 0 ? (
        <ul class="tickets">
          {parties.nodes.map((party) => (
            <Ticket key={party.id} party={party} isOfCity />
          ))}
        </ul>
      ) : (
        isFirst && <Nothing name={city.name} />
      )}
      {hasNextPage && rest > 0 && endCursor && (
        <Block name={name} shown={rest} total={total} after={endCursor} />
      )}
      {hasNextPage && rest <= 0 && (
        <button
          type="button"
          class="quiet more"
          onClick={() => go(`${paths.city(name)}?show=${total + STEP}`, { replaces: true })}
        >
          More parties
        </button>
      )}
    </>
  );
}

function Nothing({ name }: { name: string }) {
  return (
    <Blank title="A quiet town, for now">
      <p>Nobody has posted a party in {name}. It appears here as soon as somebody does.</p>
      <button type="button" onClick={() => go(paths.newParty(name))}>
        Post the first one
      </button>
    </Blank>
  );
}
