// Cities: suggested by how their names begin, and those that were looked at in this browser.

import { useQuery } from "@urql/preact";
import { useEffect, useState } from "preact/hooks";
import { SearchCitiesDocument } from "../api/generated/operations";

const LONGEST_NAME = 50;
const QUIET = 120; // milliseconds without a key before the server is asked
const RECENT = "partyfinder.recent";

export function useCitySuggestions(typed: string): readonly string[] {
  const [prefix, setPrefix] = useState("");
  useEffect(() => {
    const wanted = typed.trim();
    const timer = setTimeout(() => setPrefix(wanted), QUIET);
    return () => clearTimeout(timer);
  }, [typed]);
  const isUsable = prefix !== "" && prefix.length <= LONGEST_NAME;
  const [{ data }] = useQuery({
    query: SearchCitiesDocument,
    variables: { prefix },
    pause: !isUsable,
  });
  if (!isUsable || typed.trim() === "") return [];
  return data?.searchCities?.map((city) => city.name) ?? [];
}

export function recentCities(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string").slice(0, 4) : [];
  } catch {
    return [];
  }
}

export function rememberCity(name: string): void {
  const others = recentCities().filter((each) => each !== name);
  try {
    localStorage.setItem(RECENT, JSON.stringify([name, ...others].slice(0, 4)));
  } catch {
    // A browser that keeps nothing shows no recent cities.
  }
}
