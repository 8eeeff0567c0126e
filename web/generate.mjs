// Types and documents of the client's operations, made from schema.graphql: src/api/generated/.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { codegen } from "@graphql-codegen/core";
import * as documents from "@graphql-codegen/typed-document-node";
import * as types from "@graphql-codegen/typescript";
import * as operations from "@graphql-codegen/typescript-operations";
import { minifyIntrospectionQuery } from "@urql/introspection";
import { buildSchema, introspectionFromSchema, parse } from "graphql";

const here = (path) => new URL(path, import.meta.url);
const sdl = readFileSync(here("../schema.graphql"), "utf8");
const schema = buildSchema(sdl);
const written = parse(readFileSync(here("src/api/operations.graphql"), "utf8"));

const code = await codegen({
  filename: "operations.ts",
  schema: parse(sdl),
  schemaAst: schema,
  documents: [{ location: "operations.graphql", document: written }],
  plugins: [{ types: { onlyOperationTypes: true } }, { operations: {} }, { documents: {} }],
  pluginMap: { types, operations, documents },
  config: {
    strictScalars: true,
    scalars: { DateTime: "string" },
    useTypeImports: true,
    enumsAsTypes: true,
    skipTypename: true,
    avoidOptionals: { field: true },
    dedupeFragments: true,
    optimizeDocumentNode: true,
  },
});
// What the cache needs of the schema: its types' names and relations.
const shape = minifyIntrospectionQuery(introspectionFromSchema(schema));

mkdirSync(here("src/api/generated/"), { recursive: true });
writeFileSync(here("src/api/generated/operations.ts"), code);
writeFileSync(here("src/api/generated/schema.json"), JSON.stringify(shape));
