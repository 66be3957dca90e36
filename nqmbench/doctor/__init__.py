"""What a user needs to know about an installation, and what to do where it has trouble.

- finding: one thing that was looked at, and what is to be done
- software, processor, threads, kernels, places: what is looked at
- speed: two seconds of simulation
- examine: all of it, one part after the other
- show: the findings for people and for machines
"""

from nqmbench.doctor.examine import examine
from nqmbench.doctor.finding import Finding
from nqmbench.doctor.show import as_json, exit_code, print_findings

__all__ = ["Finding", "as_json", "examine", "exit_code", "print_findings"]
