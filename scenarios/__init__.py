"""Scenarios: what the user asks for. See ``DESIGN.md`` beside this file."""

from scenarios._check import check_kernel as check_kernel
from scenarios._check import make_kernel as make_kernel
from scenarios._check import read_options as read_options
from scenarios._limits import limit_in_units as limit_in_units
from scenarios._load import Loaded as Loaded
from scenarios._load import library as library
from scenarios._load import load as load
from scenarios._load import with_lines as with_lines
from scenarios._load import write_template as write_template
from scenarios._problems import MISREAD as MISREAD
from scenarios._problems import Problem as Problem
from scenarios._problems import ScenarioError as ScenarioError
from scenarios._problems import near as near
from scenarios._problems import nearest as nearest
from scenarios.spec import Scenario as Scenario
