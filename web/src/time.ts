// Moments in the time zone that a party is held in.

const LOCALE = "en-GB";

export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
export const ZONES: readonly string[] = ["UTC", ...Intl.supportedValuesOf("timeZone")];

// A browser may not know a zone that the server knows.
export function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat(LOCALE, { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

export interface LocalTime {
  weekday: string; // Sat
  day: string; // 3
  month: string; // Jul
  year: string; // 2027
  clock: string; // 20:00
  zone: string; // CEST, GMT+9
  full: string; // Saturday 3 July 2027
}

export function localTime(date: string, zone: string): LocalTime {
  const moment = new Date(date);
  const timeZone = knownZone(zone);
  const write = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(LOCALE, { timeZone, ...options });
  const parts = write({
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  }).formatToParts(moment);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    parts.find((each) => each.type === type)?.value ?? "";
  return {
    weekday: part("weekday"),
    day: part("day"),
    month: part("month"),
    year: part("year"),
    clock: `${part("hour")}:${part("minute")}`,
    zone: part("timeZoneName"),
    full: write({ weekday: "long", day: "numeric", month: "long", year: "numeric" })
      .format(moment)
      .replace(",", ""),
  };
}

// The moment at which clocks in a zone show a local time such as 2027-06-30T20:00. Of one that they
// show twice the earlier, of one that they skip the later by as much; undefined where it is no time.
export function instant(local: string, zone: string): string | undefined {
  const asIfUtc = Date.parse(`${local}Z`);
  if (Number.isNaN(asIfUtc)) return undefined;
  const before = asIfUtc - offset(asIfUtc - 86_400_000, zone);
  const behind = asIfUtc - offset(asIfUtc + 86_400_000, zone);
  const fits = [before, behind].filter((moment) => moment + offset(moment, zone) === asIfUtc);
  return new Date(fits.length ? Math.min(...fits) : before).toISOString();
}

// Milliseconds by which a zone's clocks are ahead of UTC at a moment.
function offset(moment: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: knownZone(zone),
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(moment);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((each) => each.type === type)?.value);
  const shown = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return shown - Math.floor(moment / 1000) * 1000;
}
