// A party in a list: a ticket with the date on its stub.

import type { TicketFragment } from "../api/generated/operations";
import { paths } from "../navigation";
import { localTime } from "../time";
import { Count } from "./count";

export function Stub({ date, timeZone }: { date: string; timeZone: string }) {
  const time = localTime(date, timeZone);
  const isThisYear = time.year === String(new Date().getFullYear());
  return (
    <time class="stub" dateTime={date}>
      <span class="weekday">{time.weekday} </span>
      <span class="day">{time.day} </span>
      <span class="month">{isThisYear ? time.month : `${time.month} ${time.year}`}</span>
    </time>
  );
}

interface Props {
  party: TicketFragment;
  isOfCity?: boolean; // the list is one city's
  level?: 2 | 3; // of the heading
}

export function Ticket({ party, isOfCity, level = 2 }: Props) {
  const Title = `h${level}` as const;
  const time = localTime(party.date, party.timeZone);
  return (
    <li class="ticket">
      <Stub date={party.date} timeZone={party.timeZone} />
      <div class="body">
        <Title>
          <a href={paths.party(party.id)}>{party.name}</a>
        </Title>
        <p class="where">
          {time.clock} <abbr title={party.timeZone}>{time.zone}</abbr>
          {!isOfCity && ` · ${party.city}`}
          {party.place !== null && ` · ${party.place}`}
        </p>
        <Count people={party.people} capacity={party.capacity} />
      </div>
    </li>
  );
}
