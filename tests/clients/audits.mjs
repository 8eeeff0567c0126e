// The public audits of GraphQL over HTTP.
import { auditServer } from "graphql-http";
import { say, url } from "./shared.mjs";

const results = await auditServer({ url, fetchFn: fetch });
say(results.map(({ id, name, status, reason }) => ({ id, name, status, reason })));
