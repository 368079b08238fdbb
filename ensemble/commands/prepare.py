"""The command that makes a table of real files which a kernel reads."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ensemble.errors import PlanError
from ensemble.printing import put


def prepare(
    kind: Annotated[
        Literal["forest"], typer.Argument(metavar="forest", help="What the table is for: forest.")
    ],
    data: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="[FOLDER]",
            help="Folder of observations/, gridded_0p5deg/ and testbed/, or that of "
            "$SOILSWEEP_DATA.",
        ),
    ] = "",
    records: Annotated[
        Path | None, typer.Option(metavar="FILE", help="SRDB's table, if it is elsewhere.")
    ] = None,
    flux: Annotated[
        Literal["rh", "rs"],
        typer.Option(help="Heterotrophic respiration, or all of a soil's."),
    ] = "rh",
    alkali: Annotated[
        bool, typer.Option("--alkali", help="Take records measured by absorption in alkali, too.")
    ] = False,
    whole_years: Annotated[
        bool, typer.Option("--whole-years", help="Take records alone that cover a whole year.")
    ] = False,
    components: Annotated[
        bool,
        typer.Option(
            "--components",
            help="Where rh is not given, take that of the soil less that of roots.",
        ),
    ] = False,
    unflagged: Annotated[
        bool, typer.Option("--unflagged", help="Leave out records with a flag of SRDB, Q10 to Q14.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Leave out records that are of another study, too.")
    ] = False,
    sites: Annotated[
        Literal["cell", "own"],
        typer.Option(help="Whose mat and map: the cell's, or the study's where it says them."),
    ] = "cell",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The table; default: training_FLUX.csv."
        ),
    ] = None,
) -> None:
    """Write the table that a forest learns from: records of soil respiration with predictors.

    Records are matched to cells by the code that reads the grid of a map; the table's comments say
    which files it is from and what each rule left.
    """
    from scenarios.reading.faces import folder_of
    from scenarios.upscaling.records import Rules
    from scenarios.upscaling.training import Sources, as_csv, load_training

    file = output or Path(f"training_{flux}.csv")
    if file.exists():
        raise PlanError(f"{file}: is there already; choose another name with --output")
    if components and flux != "rh":
        raise PlanError(f"--components is of --flux rh; found --flux {flux}; leave it out")
    folder = folder_of(data)
    sources = Sources(
        records or folder / "observations" / "srdb-data-v5.csv",
        folder / "gridded_0p5deg",
        folder / "testbed",
    )
    rules = Rules(alkali, whole_years, components, unflagged, once)
    made = load_training(sources, flux, rules, own=sites == "own")
    file.write_text(as_csv(made), encoding="utf-8")
    put(*(f"{step.records:>7,} {step.of}, {step.studies:,} studies" for step in made.records.steps))
    put(*made.notes, f"wrote {file}")
