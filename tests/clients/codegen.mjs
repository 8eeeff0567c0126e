// GraphQL Code Generator: types of the documents, printed.
import { codegen } from "@graphql-codegen/core";
import * as typescript from "@graphql-codegen/typescript";
import * as operations from "@graphql-codegen/typescript-operations";
import { buildSchema, parse } from "graphql";
import { readFileSync } from "node:fs";

const [schemaFile, documentFile] = process.argv.slice(2);
const schema = parse(readFileSync(schemaFile, "utf8"));
console.log(
  await codegen({
    filename: "types.ts",
    schema,
    schemaAst: buildSchema(readFileSync(schemaFile, "utf8")),
    documents: [{ location: documentFile, document: parse(readFileSync(documentFile, "utf8")) }],
    plugins: [{ typescript: {} }, { operations: {} }],
    pluginMap: { typescript, operations },
    config: { strictScalars: true, scalars: { DateTime: "string" } },
  }),
);
