"""CASA: when leaves come and fall, by latitude and vegetation type, and the phases of a year."""

from pathlib import Path

import numpy as np

from kernels.contract.arrays import F8, I8, U1
from kernels.contract.build import block, equation
from kernels.contract.faults import Fault, Unfit
from kernels.fortran.numbers import integer, number

DORMANT, GREENUP, STEADY, FALL = 0, 1, 2, 3
"""Phases: least leaf area, green-up, steady, senescence."""

YEAR = 365
SPELL = 14
"""Days of green-up and of senescence."""

EVERGREEN = (1, 2)
NO_GREENUP, NO_FALL = -50.0, 367.0
"""Of types that the table has not, and for which nothing turns."""

# Greenup/fall, day of the year, at the latitudes of the testbed's grid: facts of its MODIS-based
# table, whose other rows lie between.
_TURNS = """
   lat       3       4       5       6       7       8       9      10      12      14      18
 80.53 167/231 156/231 161/232 162/235 184/229 178/225 172/211 184/229 145/230 146/233 184/229
 78.63 167/231 156/231 161/232 162/235 184/229 178/225 172/211 184/229 145/230 146/233 184/229
 76.74 167/231 156/231 161/232 162/235 184/229 178/230 172/223 184/230 145/230 146/233 184/229
 74.84 167/231 156/231 161/232 162/235 185/231 178/233 172/233 185/232 145/230 146/233 185/231
 72.95 167/231 156/231 161/232 162/235 186/233 178/233 172/233 184/234 145/230 146/233 186/233
 71.05 167/231 156/231 161/232 162/235 184/234 178/232 172/233 182/234 145/230 146/233 184/234
 69.16 167/231 156/231 161/232 162/235 179/234 173/233 171/233 177/234 145/230 146/233 179/234
 67.26 167/231 156/231 160/231 162/235 173/233 167/231 167/233 171/233 145/230 146/233 173/233
 65.37 163/231 153/230 153/230 158/234 169/233 161/231 162/233 166/233 145/230 146/233 169/233
 63.47 158/232 150/229 149/229 154/235 166/233 157/231 158/232 163/233 144/227 143/230 166/233
 61.58 155/232 146/228 147/229 150/236 165/234 155/230 154/230 161/233 142/224 140/227 165/234
 59.68 153/232 143/226 143/227 145/233 165/235 153/230 152/229 158/232 138/218 136/222 165/235
 57.79 150/233 141/225 140/226 144/234 164/236 152/230 151/229 155/231 136/216 130/219 164/236
 55.89 147/234 136/224 137/225 141/233 163/236 151/230 149/230 150/229 132/214 124/218 163/236
 54.00 145/234 130/222 135/225 140/232 160/235 148/229 149/231 143/224 129/214 121/217 160/235
 52.11 143/234 126/221 135/225 137/229 155/233 145/228 148/233 137/219 126/214 120/217 155/233
 50.21 141/234 121/222 135/227 128/220 146/228 138/226 141/231 129/213 121/216 119/217 146/228
 48.32 139/232 119/222 132/227 114/208 135/220 127/222 129/227 122/208 118/220 120/219 135/220
 46.42 137/230 119/224 128/226 104/200 124/210 117/218 117/221 117/205 118/226 118/222 124/210
 44.53 136/228 120/227 125/226  97/194 115/200 111/213 109/215 116/206 117/230 114/223 115/200
 42.63 133/225 118/228 118/225  93/190 106/191 102/204 100/204 114/207 115/233 109/226 106/191
 40.74 131/224 113/226 113/224  93/191 100/180  99/198  99/202 112/210 109/234 102/226 100/180
 38.84 131/226 107/225 108/224  91/203  89/163  95/200  99/207 110/215 103/236  95/227  89/163
 36.95 130/230 100/221 102/225  88/212  93/180  90/204  97/212 111/220  94/235  88/227  93/180
 35.05 127/234  94/220  97/226  85/219 104/192  86/210  92/218 110/226  90/234  83/228 104/192
 33.16 120/238  89/223  91/228  83/234 118/213  82/223  87/229 115/235  85/236  78/231 118/213
 31.26 110/236  89/230  87/232  90/245 140/245  82/233  88/237 124/247  85/236  74/237 140/245
 29.37 110/238 100/238  86/236  99/252 167/270  86/240  94/244 132/259  93/241  75/244 167/270
 27.47 116/242 119/249  88/241 110/257 169/276  95/250 104/253 140/268 104/254  80/251 169/276
 25.58 115/245 131/256  98/247 120/262 169/279 105/256 117/260 145/273 112/263  89/258 169/279
 23.68 127/249 142/260 114/251 126/266 164/279 119/261 127/266 146/274 121/271 102/263 164/279
 21.79 140/256 148/264 125/256 127/272 159/277 127/265 132/270 143/274 123/281 109/267 159/277
 19.89 130/263 142/267 132/261 132/273 166/273 133/269 134/274 152/272 124/285 117/271 166/273
 18.00 126/262 138/270 136/267 149/275 178/271 134/273 141/273 163/269 134/284 120/276 178/271
 16.11 135/275 140/271 138/270 157/277 185/271 136/274 146/272 168/269 141/282 121/280 185/271
 14.21 135/283 138/272 139/273 167/279 189/271 134/276 150/273 173/269 154/279 129/287 189/271
 12.32 131/284 137/273 139/276 158/270 176/264 130/278 149/274 167/268 166/278 123/290 176/264
 10.42 137/286 128/273 131/276 120/265 158/249 117/275 133/274 139/268 165/274 116/287 158/249
  8.53 122/285 112/272 114/275  90/258 127/218 102/273 113/274 119/268 145/273 105/277 127/218
  6.63 107/284  96/271  96/274  53/238  79/178  86/273  93/273  85/267 119/270  89/262  79/178
  4.74  93/276  84/267  77/264  31/183  41/117  75/270  73/272  61/265  96/269  83/246  41/117
  2.84  81/251  42/253  51/251  21/140    8/83  56/255  44/270  34/241  57/258  67/228    8/83
  0.95  67/207   5/196  20/197   7/122  358/95  21/206  29/210   4/176  21/222  22/181  358/95
 -0.95  67/207 345/148   6/169   2/117  353/90 359/163   4/159 358/124   5/192 358/150  353/90
 -2.84  33/162 293/131 359/135 363/122  349/98 313/123 344/122 351/123 336/152 313/127  349/98
 -4.74 362/133 278/104 310/105 348/123 344/107 284/107 329/115 341/119 320/122 299/111 344/107
 -6.63 349/131  257/89  279/93 342/112 350/111  274/97 318/107 338/115 316/114 294/105 350/111
 -8.53 343/125  254/78  267/84 329/104 339/106  271/88  310/97 327/108 314/105  293/95 339/106
-10.42 337/118  255/72  267/78  316/95  327/99  275/84  303/92 318/102  311/95  292/89  327/99
-12.32 328/104  269/72  280/83  303/88  317/94  285/82  299/88  310/97  308/87  291/85  317/94
-14.21  320/93  279/74  294/85  303/88  318/93  290/81  302/85  313/93  304/79  285/81  318/93
-16.11  322/94  289/77  300/86  305/87  332/92  295/82  302/84  325/90  300/77  283/81  332/92
-18.00  326/94  298/81  300/85  310/89  352/91  298/84  304/86  333/90  295/79  282/82  352/91
-19.89  330/99  298/82  294/81  311/90  364/94  298/87  304/88  331/90  294/80  282/83  364/94
-21.79  321/96  295/82  285/75  305/88  11/101  298/88  302/89  325/89  292/82  284/81  11/101
-23.68 320/108  289/81  279/72  299/85  23/114  294/87  300/89  313/89  291/82  284/81  23/114
-25.58 291/106  283/80  276/71  294/82  37/138  289/85  295/89  301/91  274/81  283/82  37/138
-27.47 292/105  280/79  277/74  291/83  52/161  285/83  292/87  294/93  249/81  280/81  52/161
-29.37  297/97  278/78  277/78  288/85  75/196  276/81  287/86  284/93  218/83  274/79  75/196
-31.26  284/88  274/76  272/79  288/89  81/213  271/79  280/83  281/91  188/86  270/77  81/213
-33.16  273/79  269/73  268/72  286/92  52/207  260/77  271/79  274/87  172/83  266/69  52/207
-35.05  273/68  265/69  267/66  282/86  14/193  250/59  260/72  261/75  193/21  258/61  14/193
-36.95  272/68  259/58  267/60  281/84 347/181  247/33  251/52  262/70  198/21  253/51 347/181
-38.84  273/67  253/43  265/55  263/75 304/141  252/30  248/32  260/58  202/14  248/44 304/141
-40.74  277/64  255/34  266/49  254/61 285/128  251/33  242/27  245/53  217/11  232/20 285/128
-42.63  281/60  258/36  265/51  257/58 272/107  253/39  245/32  247/56  220/27  238/32 272/107
-44.53  274/59  266/44  268/53  261/54  265/64  261/44  255/40  263/53  237/39  240/37  265/64
-46.42  280/59  276/52  274/56  268/55  262/44  271/53  267/49  266/53  251/39  243/34  262/44
-48.32  280/59  282/51  280/56  278/58  267/34  278/56  276/60  269/46  269/43  263/32  267/34
-50.21  280/59  286/52  285/56  284/59  272/32  284/56  283/60  276/41  277/50  273/38  272/32
-52.11  280/59  290/54  290/56  290/58  276/35  289/57  289/60  280/42  278/50  273/38  276/35
-54.00  280/59  290/54  290/56  290/58  276/35  289/57  289/60  280/42  278/50  273/38  276/35
-55.89  280/59  290/54  290/56  290/58  276/35  289/57  289/60  280/42  278/50  273/38  276/35
"""


def turns() -> tuple[F8, I8, F8]:
    """Return latitudes (R,), types (N,), and days of greenup and fall (2, R, N)."""
    head, *rows = (line.split() for line in _TURNS.strip().splitlines())
    latitude = np.array([float(row[0]) for row in rows])
    days = np.array([[entry.split("/") for entry in row[1:]] for row in rows], dtype=np.float64)
    return latitude, np.array(head[1:], dtype=np.int64), np.moveaxis(days, 2, 0).copy()


def read_turns(file: Path) -> tuple[F8, I8, F8]:
    """Return what `turns` does, from the testbed's own phenology table.

    Raises
    ------
    Unfit
        Not two lines of heads, then a latitude, days of greenup, days of fall and phases, from
        north to south; a day that is none; a phase of the first day that is not the rule's.
    """
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        message = f"found {file.name!r}, {error.strerror}; needed the table of greenup and fall"
        raise Unfit([Fault(message, "phenology_file")]) from error
    kinds = [integer(word) for word in lines[1].split()] if len(lines) > 1 else []
    count = len(kinds) // 3
    if not count or kinds != kinds[:count] * 3 or not set(kinds) <= set(range(1, 19)):
        message = f"found {kinds} below the head; needed the vegetation types of greenup and fall"
        message = f"{message} and of phases, the same three times"
        raise Unfit([Fault(message, file=file.name, line=2)])
    rows = [(at, line.split()) for at, line in enumerate(lines[2:], 3) if line.strip()]
    faults = [
        Fault(message, file=file.name, line=at)
        for at, words in rows
        if (message := _row_fault(words, count))
    ]
    if len(rows) < 2:
        faults.append(Fault(f"has {len(rows)} rows of greenup and fall; needed 2", file=file.name))
    if faults:
        raise Unfit(faults)
    numbers = np.array([[number(word) for word in words] for _, words in rows], dtype=np.float64)
    for at in np.flatnonzero(np.diff(numbers[:, 0]) >= 0) + 1:
        message = f"latitude {numbers[at, 0]:g} is not south of {numbers[at - 1, 0]:g}, above it"
        faults.append(Fault(f"{message}; needed north to south", file=file.name, line=rows[at][0]))
    days = numbers[:, 1 : 2 * count + 1].reshape(len(rows), 2, count)
    # The kernel makes the first phase by its rule.
    made = np.stack([first_phase(*days[:, :, k].T) for k in range(count)], axis=1)
    for at, k in np.argwhere(numbers[:, 2 * count + 1 :] != made):
        message = f"found phase {numbers[at, 2 * count + 1 + k]:g} of vegetation type {kinds[k]}"
        message = f"{message}; needed {made[at, k]}, which follows from greenup and fall"
        faults.append(Fault(message, file=file.name, line=rows[at][0]))
    if faults:
        raise Unfit(faults)
    types = np.array(kinds[:count], dtype=np.int64)
    return numbers[:, 0].copy(), types, np.moveaxis(days, 1, 0).copy()


def _row_fault(words: list[str], count: int) -> str:
    """Return what is wrong with a row: latitude, then days and phases of each type."""
    if len(words) != 3 * count + 1:
        return f"has {len(words)} numbers; needed {3 * count + 1}: greenup, fall and phase by type"
    values = [number(word) for word in words]
    if None in values:
        return f"found {words[values.index(None)]!r}; needed a number"
    latitude, *others = (value for value in values if value is not None)
    days = others[: 2 * count]
    if not -90.0 <= latitude <= 90.0:
        return f"found latitude {latitude:g}; needed -90 to 90"
    wrong = [d for d in days if d != int(d) or not (1 <= d <= 366 or d in (NO_GREENUP, NO_FALL))]
    return f"found {wrong[0]:g}; needed a day of the year of greenup or fall" if wrong else ""


def days_of(table: tuple[F8, I8, F8], pft: F8, latitude: F8) -> tuple[F8, F8]:
    """Return days of greenup and fall of every location, each (L,).

    Of a row every half degree it is the row of the testbed's rule, else the nearest.
    """
    latitudes, kinds, days = table
    step = latitudes[0] - latitudes[1]
    if abs(step - 0.5) < 1e-9:
        row = np.trunc((latitudes[0] - latitude + 0.25) / 0.5)
        row = np.clip(np.nan_to_num(row), 0, len(latitudes) - 1).astype(np.int64)
    else:
        row = np.abs(np.nan_to_num(latitude)[:, np.newaxis] - latitudes).argmin(axis=1)
    has = pft[:, np.newaxis] == kinds
    column, listed = has.argmax(axis=1), has.any(axis=1)
    greenup = np.where(listed, days[0, row, column], NO_GREENUP)
    return greenup, np.where(listed, days[1, row, column], NO_FALL)


def first_phase(greenup: F8, fall: F8) -> I8:
    """Return the phase of a cold start, (L,)."""
    listed = greenup != NO_GREENUP
    return np.where(listed & (greenup < fall), DORMANT, STEADY).astype(np.int64)


@equation
def next_phase(phase: int, day: int, greenup: int, fall: int) -> int:
    """Return the phase of a day of the year, 1 to 365, from that of the day before."""
    one, two, three, four = greenup, greenup + SPELL, fall, fall + SPELL
    two = two - YEAR if two > YEAR else two
    four = four - YEAR if four > YEAR else four
    if phase == DORMANT:
        since, lasts = day - four, one - four
    elif phase == GREENUP:
        since, lasts = day - one, two - one
    elif phase == STEADY:
        since, lasts = day - two, three - two
    else:
        since, lasts = day - three, four - three
    since = since + YEAR if since < 0 else since
    lasts = lasts + YEAR if lasts < 0 else lasts
    return (phase + 1) % 4 if since > lasts else phase


@block
def year_phases(pft: I8, greenup: I8, fall: I8, phases: U1) -> None:
    """Fill the phases of a year that begins after each phase, (L, 4, 365)."""
    for at in range(len(phases)):
        for begun in range(4):
            phase = begun
            for day in range(YEAR):
                phase = next_phase(phase, day + 1, greenup[at], fall[at])
                if pft[at] == EVERGREEN[0] or pft[at] == EVERGREEN[1]:
                    phase = STEADY
                phases[at, begun, day] = phase
