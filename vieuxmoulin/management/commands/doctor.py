"""One page for whoever runs the house: what is configured, reachable and healthy, and what to do next."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vieuxmoulin import doctor
from vieuxmoulin.doctor import Finding, State

SIGNS = {State.GOOD: "✔", State.CARE: "!", State.BAD: "✖", State.ABSENT: "·"}


class Command(BaseCommand):
    help = "Dit en une page ce qui est configuré, joignable et en bonne santé, et quoi faire ensuite."
    # It must say what is wrong with the settings rather than stop at them.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--offline", action="store_true", help="Ne pas appeler les services extérieurs.")
        parser.add_argument("--json", action="store_true", help="Pour un programme.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine(is_offline=options["offline"])
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=1))
        else:
            self._page(found)
        if not doctor.is_healthy(found):
            ill = sum(finding.state == State.BAD for finding in found)
            raise CommandError(f"{ill} point(s) à réparer.", returncode=1)

    def _page(self, found: list[Finding]) -> None:
        part = ""
        for finding in found:
            if finding.part != part:
                part = finding.part
                self.stdout.write(f"\n{part}")
            self.stdout.write(f"  {SIGNS[finding.state]} {finding.name} : {finding.told}")
            if finding.cure and finding.state != State.GOOD:
                self.stdout.write(f"      → {finding.cure}")
        if doctor.is_healthy(found):
            self.stdout.write("\nTout va bien.")
