"""Write ``docs/reference/lifecycles.md`` from the tables."""

from pathlib import Path

from docaxis_schemas.lifecycle_drawing import draw_lifecycles

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "lifecycles.md"

if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(draw_lifecycles(), encoding="utf-8")
    print(PAGE.name)
