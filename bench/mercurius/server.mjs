// Mercurius with graphql-jit on the Node cassandra-driver, as their documentation puts them together.
// A join reads the party and updates it on the condition that nobody else has, until it applies; there
// are no idempotency keys.

import cassandra from 'cassandra-driver'
import Fastify from 'fastify'
import mercurius from 'mercurius'

const { Client, types } = cassandra
const env = process.env
const client = new Client({
  contactPoints: env.CASSANDRA_CONTACT_POINTS.split(',').map((each) => `${each}:${env.CASSANDRA_PORT ?? 9042}`),
  localDataCenter: env.CASSANDRA_LOCAL_DATACENTER ?? 'datacenter1',
  keyspace: env.CASSANDRA_KEYSPACE ?? 'partyfinder',
  queryOptions: { prepare: true, consistency: types.consistencies.localQuorum }
})

const COLUMNS = 'party_id, name, date, people, capacity'
const PAGE = `SELECT ${COLUMNS} FROM party_by_city WHERE city_key = ? AND year = ? AND date >= ? LIMIT ?`
const PARTY = `SELECT ${COLUMNS}, city, city_key, created_at, rev, closed FROM party
  WHERE party_id = ? AND kind = 0 AND key = ''`
const JOIN = `UPDATE party SET people = ?, rev = ? WHERE party_id = ? AND kind = 0 AND key = '' IF rev = ?`
const CREATE = `INSERT INTO party (party_id, kind, key, city, city_key, name, date, time_zone, created_at,
  people, rev, closed) VALUES (?, 0, '', ?, ?, ?, ?, 'UTC', ?, 0, 1, false) IF NOT EXISTS`
const COPY = `INSERT INTO party_by_city (city_key, year, date, party_id, city, name, time_zone, created_at,
  people, capacity, rev) VALUES (?, ?, ?, ?, ?, ?, 'UTC', ?, ?, ?, ?) USING TIMESTAMP ?`
const CITY = 'INSERT INTO city_by_prefix (prefix, city_key, city) VALUES (?, ?, ?) USING TTL ?'

const rows = async (statement, parameters) => (await client.execute(statement, parameters)).rows
const keyOf = (city) => city.normalize('NFD').toLowerCase().split(/\s+/).join(' ').normalize('NFC')
const idOf = (partyId) => Buffer.concat([Buffer.from('P'), partyId.buffer]).toString('base64url')
const partyIdOf = (id) => new types.Uuid(Buffer.from(id, 'base64url').subarray(1))

const asParty = (row) => ({
  id: idOf(row.party_id),
  name: row.name,
  date: row.date.toISOString(),
  people: row.people,
  capacity: row.capacity
})

async function page (city, size) {
  const start = new Date(Date.now() - 3 * 3600 * 1000)
  const found = []
  for (let year = start.getUTCFullYear(); year < start.getUTCFullYear() + 3; year++) {
    found.push(...await rows(PAGE, [keyOf(city), year, start, size - found.length]))
    if (found.length >= size) break
  }
  return { nodes: found.map(asParty) }
}

function copy (party, people, rev) {
  const timestamp = types.Long.fromNumber(party.created_at.getTime() * 1000 + rev)
  return rows(COPY, [party.city_key, party.date.getUTCFullYear(), party.date, party.party_id, party.city,
    party.name, party.created_at, people, party.capacity, types.Long.fromNumber(rev), timestamp])
}

async function join (partyId) {
  while (true) {
    const [party] = await rows(PARTY, [partyId])
    const people = party.people + 1
    const revision = party.rev.toNumber() + 1
    const [outcome] = await rows(JOIN, [people, types.Long.fromNumber(revision), partyId, party.rev])
    if (outcome['[applied]']) {
      await copy(party, people, revision)
      return { id: idOf(partyId), people, revision }
    }
  }
}

async function create ({ city, name, date }) {
  const partyId = types.Uuid.random()
  const key = keyOf(city)
  await rows(CREATE, [partyId, city, key, name, new Date(date), new Date()])
  const [party] = await rows(PARTY, [partyId])
  await copy(party, 0, 1)
  const ttl = Math.floor((party.date - Date.now()) / 1000)
  const prefixes = Array.from({ length: Math.min(10, key.length) }, (_, index) => key.slice(0, index + 1))
  await Promise.all(prefixes.map((prefix) => rows(CITY, [prefix, key, city, ttl])))
  return asParty(party)
}

const schema = `
  type Party { id: ID! name: String! date: String! people: Int! capacity: Int revision: Int! }
  type Parties { nodes: [Party!]! }
  type City { name: String! parties(first: Int = 20): Parties! }
  type Query {
    parties(city: String!, first: Int = 20): Parties
    party(id: ID!): Party
    cities(names: [String!]!): [City]!
  }
  input CreatePartyInput { city: String! name: String! date: String! }
  input JoinPartyInput { partyId: ID! }
  type CreatePartySuccess { party: Party! }
  type JoinPartySuccess { party: Party! }
  type Mutation {
    createParty(input: CreatePartyInput!): CreatePartySuccess
    joinParty(input: JoinPartyInput!): JoinPartySuccess
  }
`
const resolvers = {
  Query: {
    parties: (_, { city, first }) => page(city, first),
    cities: (_, { names }) => names.map((name) => ({ name })),
    party: async (_, { id }) => {
      const [row] = await rows(PARTY, [partyIdOf(id)])
      return row && !row.closed ? asParty(row) : null
    }
  },
  City: { parties: ({ name }, { first }) => page(name, first) },
  Mutation: {
    createParty: async (_, { input }) => ({ party: await create(input) }),
    joinParty: async (_, { input }) => ({ party: await join(partyIdOf(input.partyId)) })
  }
}

await client.connect()
const app = Fastify()
app.register(mercurius, { schema, resolvers, jit: 1 })
const address = await app.listen({ host: '127.0.0.1', port: 0 })
console.log(`POST ${address}/graphql`)
process.on('SIGTERM', async () => {
  await app.close()
  await client.shutdown()
})
