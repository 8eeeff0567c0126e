// GraphiQL, with everything that it needs built in: its editor's workers, its style, its examples.

import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { examples } from "./examples";

const url = "/graphql";
const fetcher = createGraphiQLFetcher({
  url,
  subscriptionUrl: `${location.origin.replace(/^http/, "ws")}${url}`,
});
const asked = new URLSearchParams(location.search); // a link may bring an operation
const query = asked.get("query");
const variables = asked.get("variables");

const root = document.getElementById("graphiql");
if (root) {
  const home = createElement("a", { href: "/" }, "Partyfinder");
  createRoot(root).render(
    createElement(
      GraphiQL,
      {
        fetcher,
        defaultTabs: await examples(url),
        defaultEditorToolsVisibility: "variables",
        ...(query !== null && { initialQuery: query }),
        ...(variables !== null && { initialVariables: variables }),
      },
      createElement(GraphiQL.Logo, null, home),
    ),
  );
}
