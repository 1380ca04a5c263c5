-- Before any service connects: a connection learns the types of the extensions that were there when it was opened.
CREATE EXTENSION IF NOT EXISTS vector;
