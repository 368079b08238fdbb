"""Scenarios: what the user asks for. See ``DESIGN.md`` beside this file."""

from scenarios._problems import Problem as Problem
from scenarios._problems import ScenarioError as ScenarioError
