"""What a process may use, read from the files of cgroups of both versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.process.memory import available, share

GIB = 1 << 30
MEMINFO = {"proc/meminfo": f"MemTotal:       {16 * GIB // 1024} kB\nMemFree:        1 kB\n"}
UNLIMITED = "9223372036854771712\n"  # what v1 says where there is no limit


@pytest.mark.parametrize(
    ("files", "bytes_"),
    [
        pytest.param({}, 0, id="nothing tells"),
        pytest.param(MEMINFO, 16 * GIB, id="no cgroup: what the machine has"),
        pytest.param(
            MEMINFO | {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{GIB}\n"},
            GIB,
            id="v2 in a container",
        ),
        pytest.param(
            MEMINFO | {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 16 * GIB, id="v2, no limit"
        ),
        pytest.param(
            MEMINFO
            | {
                "proc/self/cgroup": "0::/kubepods.slice/pod1.slice/c1.scope\n",
                "sys/fs/cgroup/kubepods.slice/pod1.slice/c1.scope/memory.max": "max\n",
                "sys/fs/cgroup/kubepods.slice/pod1.slice/memory.max": f"{2 * GIB}\n",
                "sys/fs/cgroup/kubepods.slice/memory.max": f"{8 * GIB}\n",
            },
            2 * GIB,
            id="v2, the limit of the pod and not of the container",
        ),
        pytest.param(
            MEMINFO | {"proc/self/cgroup": "0::/elsewhere/on/the/host\n", "sys/fs/cgroup/memory.max": f"{GIB}\n"},
            GIB,
            id="v2, the path is one of the host",
        ),
        pytest.param(
            MEMINFO
            | {
                "proc/self/cgroup": "12:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n0::/system\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB // 2}\n",
            },
            GIB // 2,
            id="v1 in a container",
        ),
        pytest.param(
            MEMINFO
            | {
                "proc/self/cgroup": "4:memory:/docker/a\n",
                "sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": f"{GIB}\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED,
            },
            GIB,
            id="v1 on the host",
        ),
        pytest.param(
            MEMINFO | {"proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED},
            16 * GIB,
            id="v1, no limit",
        ),
        pytest.param(
            MEMINFO | {"proc/self/cgroup": "nonsense\n0::/\n", "sys/fs/cgroup/memory.max": "many\n"},
            16 * GIB,
            id="files that say something else",
        ),
    ],
)
def test_the_smallest_limit_counts(files: dict[str, str], bytes_: int, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert available(tmp_path) == bytes_


def test_pages_may_take_a_third() -> None:
    assert share(GIB) == 357_913_941
