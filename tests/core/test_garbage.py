import gc

from sandbox.core.garbage import without_collections


def test_no_garbage_is_collected_in_the_block_and_what_was_made_counts_as_old() -> None:
    gc.enable()
    with without_collections():
        inside = gc.isenabled()
        made = [[] for _ in range(5_000)]  # type: ignore[var-annotated]
    young = {id(each) for generation in (0, 1) for each in gc.get_objects(generation)}

    assert (inside, gc.isenabled(), [each for each in made if id(each) in young]) == (False, True, [])


def test_collections_that_were_off_before_stay_off() -> None:
    gc.disable()
    try:
        with without_collections():
            pass
        after = gc.isenabled()
    finally:
        gc.enable()

    assert not after


def test_what_is_made_is_never_collected_if_the_program_keeps_what_it_has_loaded() -> None:
    gc.freeze()
    before = gc.get_freeze_count()
    try:
        with without_collections():
            made = [[] for _ in range(5_000)]  # type: ignore[var-annotated]
        after = gc.get_freeze_count()
    finally:
        gc.unfreeze()

    assert after - before >= len(made)
