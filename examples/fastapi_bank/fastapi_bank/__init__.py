"""A small bank on FastAPI, whose deeds are on record. Its contract is ../README.md."""
