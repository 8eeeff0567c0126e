import "@fontsource-variable/bricolage-grotesque/wght.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/pages.css";
import { Provider } from "@urql/preact";
import { render } from "preact";
import { client } from "./api/client";
import { after, paths, usePlace } from "./navigation";
import { City, shownParties } from "./pages/city";
import { Find } from "./pages/find";
import { Mine } from "./pages/mine";
import { NewParty } from "./pages/new-party";
import { Party } from "./pages/party";
import { SignedIn } from "./pages/signed-in";
import { Frame } from "./parts/frame";
import { Blank } from "./parts/states";

function App() {
  const { pathname, search } = usePlace();
  const city = after("/city/", pathname);
  return (
    <Provider value={client}>
      <Frame city={city}>
        <Page key={pathname} pathname={pathname} search={search} />
      </Frame>
    </Provider>
  );
}

// The addresses here are those that the server answers with this page: http/web_client.py.
function Page({ pathname, search }: { pathname: string; search: URLSearchParams }) {
  const city = after("/city/", pathname);
  const party = after("/party/", pathname);
  if (city !== undefined) return <City name={city} shown={shownParties(search)} />;
  if (party !== undefined) return <Party id={party} />;
  if (pathname === "/new") return <NewParty city={search.get("city") ?? ""} />;
  if (pathname === paths.mine) return <Mine />;
  if (pathname === paths.signedIn) return <SignedIn />;
  if (pathname === paths.find) return <Find />;
  return (
    <Blank title="There is nothing at this address" isPage>
      <a class="button" href={paths.find}>
        Find a party
      </a>
    </Blank>
  );
}

const root = document.getElementById("app");
if (root) render(<App />, root);
