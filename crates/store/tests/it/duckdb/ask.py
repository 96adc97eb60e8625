"""Runs the SQL of the first argument with DuckDB and prints each row as a line of JSON."""

import json
import sys

import duckdb

connection = duckdb.connect(":memory:")
answer = connection.execute(sys.argv[1])
names = [column[0] for column in answer.description]
while rows := answer.fetchmany(1000):
    for row in rows:
        print(json.dumps(dict(zip(names, row)), default=str))
