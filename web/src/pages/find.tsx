// Find: which city?

import { useQuery } from "@urql/preact";
import { useState } from "preact/hooks";
import { CitiesDocument } from "../api/generated/operations";
import { go, paths } from "../navigation";
import { recentCities, useCitySuggestions } from "../parts/cities";
import { Heading } from "../parts/heading";
import { Suggesting } from "../parts/suggesting";
import { Ticket } from "../parts/ticket";

export function Find() {
  const [city, setCity] = useState("");
  const suggestions = useCitySuggestions(city);
  const open = (name: string) => name.trim() && go(paths.city(name.trim()));
  return (
    <>
      <div class="hero">
        <Spare />
        <Heading title="Partyfinder">Somebody’s having a party.</Heading>
        <p class="lead">Find what is on in a city, count yourself in, or post your own.</p>
        <form
          class="finder"
          onSubmit={(event) => {
            event.preventDefault();
            open(city);
          }}
        >
          <Suggesting
            name="city"
            label="City"
            placeholder="Lisbon, Nairobi, Montréal …"
            value={city}
            suggestions={suggestions}
            onValue={setCity}
            onPick={open}
          />
          <button type="submit">Find parties</button>
        </form>
      </div>
      <Recent />
    </>
  );
}

// The next party of each city that was looked at lately.
function Recent() {
  const [names] = useState(recentCities);
  const [{ data }] = useQuery({
    query: CitiesDocument,
    variables: { names },
    pause: names.length === 0,
    requestPolicy: "cache-and-network",
  });
  const cities = data?.cities.filter((city) => city !== null) ?? [];
  if (cities.length === 0) return null;
  return (
    <section class="recent">
      <h2>Where you looked lately</h2>
      {cities.map((city) => (
        <section key={city.id}>
          <h3>
            <a href={paths.city(city.name)}>{city.name}</a>
          </h3>
          <ul class="tickets">
            {city.parties?.nodes.map((party) => (
              <Ticket key={party.id} party={party} isOfCity />
            ))}
          </ul>
          {city.parties?.nodes.length === 0 && <p class="muted">Nothing is planned.</p>}
        </section>
      ))}
    </section>
  );
}

function Spare() {
  return (
    <svg class="spare" viewBox="0 0 176 96" aria-hidden="true">
      <path d="M12 4h152a8 8 0 0 1 8 8v22a14 14 0 0 0 0 28v22a8 8 0 0 1-8 8H12a8 8 0 0 1-8-8V62a14 14 0 0 0 0-28V12a8 8 0 0 1 8-8z" />
      <line x1="56" y1="12" x2="56" y2="88" />
      <text x="80" y="64">
        +1
      </text>
    </svg>
  );
}
