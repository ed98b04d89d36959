"""The main job as a story: documents travel between the TEST cast's agencies, and each outcome is read from outside."""

from docaxis.embedded.story.performance import run_demo

__all__ = ["run_demo"]
