// A party: what, when, where, and how many come. Joining sends the count that the person saw.

import { useState } from "preact/hooks";
import { PartyChangedDocument, PartyDocument } from "../api/generated/operations";
import { useFollowing, useReading } from "../api/reading";
import { go, paths } from "../navigation";
import { Attendance } from "../parts/attendance";
import { Attendees } from "../parts/attendees";
import { Deletion } from "../parts/deletion";
import { Heading } from "../parts/heading";
import { Blank, Failed, Loading } from "../parts/states";
import { Stub } from "../parts/ticket";
import { useSession } from "../sign-in/session";
import { localTime, OWN_ZONE } from "../time";

export function Party({ id }: { id: string }) {
  const { data, problem, again } = useReading({
    query: PartyDocument,
    variables: { id },
    requestPolicy: "cache-and-network",
  });
  const session = useSession();
  const [isDeletedHere, setDeletedHere] = useState(false);
  const news = useFollowing(PartyChangedDocument, { id }, !data?.party || isDeletedHere);
  const party = data?.party;
  if (news?.partyChanged === null && party) return <Gone city={party.city} />;
  if (party) {
    const time = localTime(party.date, party.timeZone);
    const isSignedIn = session.kind === "in";
    const isViewersOwn = isSignedIn && party.viewerIsHost === true;
    const guests = isSignedIn ? party.attendees : null; // the host's and moderators' to see
    const mayDelete = session.kind === "open" || isViewersOwn || guests !== null;
    return (
      <article class="party">
        <p class="eyebrow">
          <a href={paths.city(party.city)}>{party.city}</a>
        </p>
        <div class="title">
          <Stub date={party.date} timeZone={party.timeZone} />
          <Heading title={party.name} />
        </div>
        <dl class="facts">
          <div>
            <dt>When</dt>
            <dd>
              {time.full}, {time.clock} <abbr title={party.timeZone}>{time.zone}</abbr>
              <Elsewhere date={party.date} timeZone={party.timeZone} />
            </dd>
          </div>
          {party.place !== null && (
            <div>
              <dt>Where</dt>
              <dd>{party.place}</dd>
            </div>
          )}
        </dl>
        {party.description !== null && <p class="description">{party.description}</p>}
        <Attendance party={party} isViewersOwn={isViewersOwn} />
        {guests && <Attendees partyId={id} first={guests} people={party.people} onChange={again} />}
        {mayDelete && (
          <Deletion
            party={party}
            onStart={() => setDeletedHere(true)}
            onEnd={(isDeleted) =>
              isDeleted ? go(paths.city(party.city), { replaces: true }) : setDeletedHere(false)
            }
          />
        )}
      </article>
    );
  }
  if (problem) return <Failed message={problem} onAgain={again} />;
  if (data && !isDeletedHere) return <NoParty />;
  return <Loading tickets={1} />;
}

// The same moment on the reader's own clock, where that differs.
function Elsewhere({ date, timeZone }: { date: string; timeZone: string }) {
  const there = localTime(date, timeZone);
  const here = localTime(date, OWN_ZONE);
  if (there.clock === here.clock && there.day === here.day) return null;
  return (
    <span class="muted">
      {here.weekday} {here.clock} on your clock
    </span>
  );
}

function NoParty() {
  return (
    <Blank title="There is no such party" isPage>
      <p>It was deleted, or the address is not quite right.</p>
      <a class="button" href={paths.find}>
        Find another
      </a>
    </Blank>
  );
}

function Gone({ city }: { city: string }) {
  return (
    <Blank title="This party was deleted" isPage>
      <p role="status">Its host has just taken it down.</p>
      <a class="button" href={paths.city(city)}>
        See what else is on in {city}
      </a>
    </Blank>
  );
}
