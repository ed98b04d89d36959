"""Measure the calendar arithmetic of 100,000 open deliveries: duties, how they stand, and the rate.

Run: ``python benchmarks/deadlines.py [--deliveries N]``. Prints one JSON object as its last line.
"""

import argparse
import json
import random
import time
from datetime import UTC, date, datetime, timedelta
from statistics import median
from uuid import UUID

from docaxis.duties import duties_of, rates
from docaxis.storage.clerk_deadlines import Dated
from docaxis_schemas.calendar import vietnam
from docaxis_schemas.deadlines import Duty, Standing, standing

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
ROUNDS = 5
UNDONE = (Standing.OVERDUE, Standing.SOON, Standing.OPEN)


def deliveries(count: int) -> list[Dated]:
    """Make open deliveries of half a year, every third with a due date."""
    rng = random.Random(7)
    made = []
    for number in range(count):
        at = BEGIN + timedelta(minutes=rng.randrange(200_000))
        row = Dated(
            document_id=UUID(int=number),
            submission_id=UUID(int=number),
            organisation="H98",
            recipient="H98",
            issuer="G98",
            number=str(number),
            subject="Về việc đo",
            urgency="khan" if number % 20 == 0 else "normal",
            promulgated_on=date(2026, 1, 2),
            sent_or_came_at=at,
            arrived_at=at,
            due_at=at + timedelta(days=15) if number % 3 == 0 else None,
            acknowledged_at=None,
            ended_at=None,
        )
        made.append(row)
    return made


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=100_000)
    made = deliveries(parser.parse_args().deliveries)
    seconds: dict[str, list[float]] = {"standing": [], "rates": []}
    for _ in range(ROUNDS):
        begun = time.process_time()
        count = sum(standing(due, done, NOW) in UNDONE for one in made for due, done in duties_of(one, vietnam()))
        seconds["standing"].append(time.process_time() - begun)
        begun = time.process_time()
        judged = rates(made, [], NOW, vietnam())[Duty.ACKNOWLEDGE].judged
        seconds["rates"].append(time.process_time() - begun)
    figures = {f"{name}_cpu_seconds": round(median(taken), 2) for name, taken in seconds.items()}
    print(json.dumps({"deliveries": len(made), "open_duties": count, "judged": judged} | figures))


if __name__ == "__main__":
    main()
