"""A scenario to a plan to an empty store; refuses before anything is written."""
