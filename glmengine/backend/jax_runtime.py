"""JAX and its settings, in one place: precision, platform, threads and the compilation cache on disk.

Nothing else in the program touches JAX's configuration. `prepare` is called by whatever computes first; `configure` by the entry
points (command line, window), which own the process and may set things for all of it.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from threading import Lock, Thread
from types import ModuleType
from typing import Any

from glmengine.backend.library_caches import provide_caches
from glmengine.errors import GlmError
from glmengine.threads import VARIABLES

log = logging.getLogger(__name__)

CACHE_VARIABLE = "GLMENGINE_CACHE"
"""Environment variable that moves the compilation cache; empty switches it off."""

PLATFORMS = ("auto", "cpu", "gpu")

_state: dict[str, bool] = {"prepared": False}
_preparing = Lock()


def cache_folder() -> Path | None:
    """A writable folder for compiled steps, or None where there is none (a home that cannot be written to is no error)."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen == "":
        return None
    candidates = [Path(chosen)] if chosen else [_user_cache(), Path(tempfile.gettempdir()) / f"glmengine-{_user_number()}"]
    for folder in candidates:
        try:
            folder = folder / "compiled" if not chosen else folder
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder):
                return folder
        except (OSError, RuntimeError) as error:  # RuntimeError: there is no home at all
            log.info("The compilation cache cannot be kept in %s (%s).", folder, error)
    return None


def configure(*, platform: str | None = None, threads: int | None = None) -> None:
    """Settings of a whole process, made by its entry point before anything imports JAX.

    Parameters
    ----------
    platform : str, optional
        ``"cpu"`` or ``"gpu"``; JAX's own choice where not given.
    threads : int, optional
        Largest number of CPU threads; all cores where not given.
    """
    provide_caches()
    if platform is not None:
        os.environ["JAX_PLATFORMS"] = "cuda,cpu" if platform == "gpu" else platform
    if threads is not None and "jax" not in sys.modules:
        flags = os.environ.get("XLA_FLAGS", "")
        if threads == 1:
            flags += " --xla_cpu_multi_thread_eigen=false"
        os.environ["XLA_FLAGS"] = flags.strip()
        for name in VARIABLES:
            os.environ.setdefault(name, str(threads))
    os.environ["JAX_ENABLE_X64"] = "1"
    if "jax" in sys.modules:
        prepare().config.update("jax_enable_x64", True)


def prepare() -> ModuleType:
    """The jax module, imported and given the compilation cache; the caller's precision setting is left alone."""
    import jax

    with _preparing:  # who asks second waits for all of it
        if not _state["prepared"]:
            _state["prepared"] = True
            if jax.config.jax_compilation_cache_dir is None:
                folder = cache_folder()
                if folder is not None:
                    jax.config.update("jax_compilation_cache_dir", str(folder))
                    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
                    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return jax


def begin_import() -> None:
    """Have JAX imported beside what the caller does first: a second on a thread of its own. What needs JAX meanwhile waits for it, and so does the
    end of the process, which an import cannot be broken off by."""
    if "jax" not in sys.modules:
        Thread(target=prepare, name="glmengine import").start()


def float64() -> AbstractContextManager[None]:
    """Within it JAX computes in float64, whatever the caller's own setting; outside nothing changes. Where nothing has imported JAX yet, nor
    does this: what then computes with it asks again."""
    return prepare().enable_x64(True) if "jax" in sys.modules else nullcontext()


def device(platform: str = "auto") -> Any:
    """The device that computes: JAX's first choice, or the first of a platform, ``"cpu"`` or ``"gpu"``.

    Raises
    ------
    GlmError
        If there is none.
    """
    jax = prepare()
    if platform == "auto":
        return jax.devices()[0]
    try:
        return jax.devices(platform)[0]
    except RuntimeError as error:
        raise GlmError(
            f"platform: JAX finds no {platform} here; choose auto, or install JAX with support for it", field="model.platform"
        ) from error


def device_name(platform: str = "auto") -> str:
    """What computes, in words for the log and the provenance of a result (``"cpu"``, ``"NVIDIA H200"``)."""
    found = device(platform)
    return found.platform if found.platform == "cpu" else found.device_kind


def on_cpu() -> bool:
    """Whether JAX's first choice is the processor, whose own threads then see its arrays without a copy.

    Where no support for other devices is installed this is known without importing JAX, which takes longer than a small fit.
    """
    if "jax" not in sys.modules and not _may_have_devices():
        return True
    return device().platform == "cpu"


def serves_from_cpu(platform: str) -> bool:
    """Whether the processor is what computes on a platform: ``"auto"``, ``"cpu"`` or ``"gpu"``.

    Raises
    ------
    GlmError
        For another platform, or one that is not there.
    """
    if platform not in PLATFORMS:
        raise GlmError(f"platform: is {platform!r}; choose one of {', '.join(PLATFORMS)}", field="model.platform")
    if platform == "gpu":
        device(platform)
    return on_cpu() if platform == "auto" else platform == "cpu"


def _may_have_devices() -> bool:
    """Whether something is installed by which JAX finds other devices than the processor."""
    if os.environ.get("JAX_PLATFORMS", "").lower() == "cpu":
        return False
    return _finds_plugins()


@cache
def _finds_plugins() -> bool:
    return any(importlib.util.find_spec(name) is not None for name in ("jax_plugins", "libtpu"))


def _user_cache() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "glmengine"


def _user_number() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
