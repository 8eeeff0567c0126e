"""What the clients of the soak send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_PARTY = "party { id people revision }"
_OUTCOME = "__typename ... on UserError { message }"

CREATE = f"""mutation($input: CreatePartyInput!) {{ outcome: createParty(input: $input) {{
  {_OUTCOME} ... on CreatePartySuccess {{ {_PARTY} }} }} }}"""
JOIN = f"""mutation($input: JoinPartyInput!) {{ outcome: joinParty(input: $input) {{
  {_OUTCOME} ... on JoinPartySuccess {{ {_PARTY} }} }} }}"""
LEAVE = f"""mutation($input: LeavePartyInput!) {{ outcome: leaveParty(input: $input) {{
  {_OUTCOME} ... on LeavePartySuccess {{ {_PARTY} }} }} }}"""
UPDATE = f"""mutation($input: UpdatePartyInput!) {{ outcome: updateParty(input: $input) {{
  {_OUTCOME} ... on UpdatePartySuccess {{ {_PARTY} }} }} }}"""
DELETE = f"""mutation($input: DeletePartyInput!) {{ outcome: deleteParty(input: $input) {{
  {_OUTCOME} ... on DeletePartySuccess {{ deletedPartyId }} }} }}"""
REFUSALS = {"PartyFullError", "PartyEmptyError", "PartyNotFoundError"}  # that the load may meet

PARTY = "query($id: ID!) { party(id: $id) { id people revision } }"
PAGE = """query($city: String!) { parties(city: $city, first: 20) {
  nodes { id name date place people capacity } pageInfo { hasNextPage endCursor } } }"""
CITIES = """query($names: [String!]!) { cities(names: $names) {
  name parties(first: 5) { nodes { id name date people } } } }"""
LISTED = """query($city: String!, $after: String) {
  parties(city: $city, first: 100, after: $after) {
    nodes { id people revision } pageInfo { hasNextPage endCursor } } }"""

PARTY_CHANGED = "subscription($id: ID!) { partyChanged(id: $id) { people revision } }"
CITY_CHANGED = """subscription($name: String!) { cityChanged(name: $name) {
  parties(first: 20) { nodes { id people revision } } } }"""


def soon(days: float) -> str:
    """A date so many days ahead."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
