: The neuron of the rate code, step by step: what comes in a step is summed up, and a clock looks at it in the middle.

NEURON {
    ARTIFICIAL_CELL SNNIntegrateFire
    RANGE limit, initial, potential, current, reset, pause
}

PARAMETER {
    limit = 1      : the threshold; negative where it never fires
    initial = 0
    current = 0    : what it is given in a step, besides spikes
    reset = 0      : 0 subtracts the threshold, 1 goes to zero
    pause = 0      : steps in which it takes nothing after a spike, that of the spike among them
}

ASSIGNED {
    potential
    brought
    waiting
}

INITIAL {
    potential = initial
    brought = 0
    waiting = 0
    net_send(0.5, 1)
}

NET_RECEIVE (weight) {
    if (flag == 1) {
        if (waiting > 0) {
            waiting = waiting - 1
        }
        if (waiting <= 0) {
            potential = potential + (brought + current)
            if (limit > 0 && potential >= limit) {
                if (reset == 0) {
                    potential = potential - limit
                } else {
                    potential = 0
                }
                waiting = pause
                net_event(t)
            }
        }
        brought = 0
        net_send(1, 1)
    } else {
        brought = brought + weight
    }
}
