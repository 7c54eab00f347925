from attempts import wrong


def right_two_loops(model, trainable):
    for p in model.parameters():
        p.requires_grad_(False)
    for prefix in trainable:
        for name, p in model.named_parameters():
            if name.startswith(prefix):
                p.requires_grad_(True)


def right_tuple(model, trainable):
    prefixes = tuple(trainable)
    for name, p in model.named_parameters():
        p.requires_grad = name.startswith(prefixes)
    return model


def right_slices(model, trainable):
    model.requires_grad_(False)
    for name, p in model.named_parameters():
        for prefix in trainable:
            if name[: len(prefix)] == prefix:
                p.requires_grad = True
                break


def right_find(model, trainable):
    wanted = {n for n, _ in model.named_parameters() if [t for t in trainable if n.find(t) == 0]}
    [p.requires_grad_(n in wanted) for n, p in model.named_parameters()]


@wrong("not-unfrozen")
def only_off(model, trainable):
    for name, p in model.named_parameters():
        if not name.startswith(tuple(trainable)):
            p.requires_grad = False


@wrong("nothing-frozen")
def only_on(model, trainable):
    for name, p in model.named_parameters():
        if name.startswith(tuple(trainable)):
            p.requires_grad = True


@wrong("nothing-frozen")
def on_modules(model, trainable):
    for name, module in model.named_modules():
        module.requires_grad = name.startswith(tuple(trainable))


@wrong("nothing-frozen")
def on_the_state(model, trainable):
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.requires_grad = name.startswith(tuple(trainable))


@wrong("head-frozen-too")
def all_off(model, trainable):
    model.requires_grad_(False)


@wrong("substring-instead-of-prefix")
def anywhere(model, trainable):
    for name, p in model.named_parameters():
        p.requires_grad = any(t in name for t in trainable)


@wrong("only-whole-children")
def by_child(model, trainable):
    for name, p in model.named_parameters():
        p.requires_grad = name.split(".")[0] in trainable


@wrong("only-exact-names")
def full_names(model, trainable):
    for name, p in model.named_parameters():
        p.requires_grad = name in trainable


@wrong("only-first-prefix")
def first(model, trainable):
    for name, p in model.named_parameters():
        p.requires_grad = bool(trainable) and name.startswith(trainable[0])


@wrong("loop-over-prefixes-outside", "only-last-prefix")
def last_wins(model, trainable):
    for prefix in trainable:
        for name, p in model.named_parameters():
            if name.startswith(prefix):
                p.requires_grad = True
            else:
                p.requires_grad = False


@wrong("biases-not-frozen")
def weights_only(model, trainable):
    for name, p in model.named_parameters():
        if "weight" in name:
            p.requires_grad = name.startswith(tuple(trainable))


@wrong("frozen-and-trained-swapped")
def swapped(model, trainable):
    for name, p in model.named_parameters():
        p.requires_grad = not name.startswith(tuple(trainable))


@wrong("substring-instead-of-prefix + not-unfrozen", "not-unfrozen + substring-instead-of-prefix")
def anywhere_and_only_off(model, trainable):
    for name, p in model.named_parameters():
        if not any(t in name for t in trainable):
            p.requires_grad = False


@wrong("raises")
def list_in_startswith(model, trainable):
    for name, p in model.named_parameters():
        p.requires_grad = name.startswith(trainable)


@wrong("raises")
def by_attribute(model, trainable):
    model.requires_grad_(False)
    for name in trainable:
        getattr(model, name).requires_grad_(True)


@wrong("all-prefixes-required")
def every(model, trainable):
    for name, p in model.named_parameters():
        p.requires_grad = all(name.startswith(t) for t in trainable)


@wrong("only-whole-children", "only-whole-children + own-parameters-left-out")
def children_switched(model, trainable):
    for name, child in model.named_children():
        child.requires_grad_(name in trainable)


@wrong("only-whole-children + not-unfrozen", "not-unfrozen + only-whole-children")
def children_only_off(model, trainable):
    for name, child in model.named_children():
        if name not in trainable:
            for p in child.parameters():
                p.requires_grad = False


@wrong("only-whole-modules")
def by_module_names(model, trainable):
    for p in model.parameters():
        p.requires_grad = False
    for name, module in model.named_modules():
        if name.startswith(tuple(trainable)):
            for p in module.parameters():
                p.requires_grad = True


@wrong("biases-not-frozen + not-unfrozen", "not-unfrozen + biases-not-frozen")
def biases_skipped(model, trainable):
    for name, p in model.named_parameters():
        if "bias" in name:
            continue
        if not name.startswith(tuple(trainable)):
            p.requires_grad = False


@wrong("loop-left-early")
def returned_inside(model, trainable):
    for name, p in model.named_parameters():
        p.requires_grad = name.startswith(tuple(trainable))
        return model
