// Asks porcupine whether histories of parties are linearizable.
//
// Standard input: a JSON list of parties, each with the count it began with, its capacity and its
// changes. It ends with status 1 where one is not linearizable.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

type change struct {
	Step     int    `json:"step"`
	Expected *int   `json:"expected"`
	Told     string `json:"told"`
	People   int    `json:"people"`
	Revision int    `json:"revision"`
	Sent     int64  `json:"sent"`
	Answered int64  `json:"answered"`
	Client   int    `json:"client"`
}

type party struct {
	People   int      `json:"people"`
	Capacity *int     `json:"capacity"`
	Changes  []change `json:"changes"`
}

type state struct{ people, revision int }

func model(start party) porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return state{start.People, 1} },
		Step: func(before, input, _ interface{}) (bool, interface{}) {
			return step(before.(state), input.(change), start.Capacity)
		},
	}
}

// step says whether a change may end on this state as its client was told, and what it leaves.
func step(now state, wanted change, capacity *int) (bool, state) {
	conflicts := wanted.Expected != nil && *wanted.Expected != now.people
	full := !conflicts && wanted.Step > 0 && capacity != nil && now.people >= *capacity
	empty := !conflicts && wanted.Step < 0 && now.people == 0
	told := state{wanted.People, wanted.Revision}
	switch wanted.Told {
	case "applied":
		after := state{now.people + wanted.Step, now.revision + 1}
		return !conflicts && !full && !empty && told == after, after
	case "conflict":
		return conflicts && told == now, now
	case "full":
		return full && told == now, now
	case "already_joined", "not_joined": // who has joined is proven elsewhere
		return told == now, now
	case "empty":
		return empty && told == now, now
	}
	return false, now
}

func main() {
	var parties []party
	if err := json.NewDecoder(os.Stdin).Decode(&parties); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, each := range parties {
		var operations []porcupine.Operation
		for _, made := range each.Changes {
			operations = append(operations, porcupine.Operation{
				ClientId: made.Client, Input: made, Call: made.Sent, Return: made.Answered,
			})
		}
		result := porcupine.CheckOperationsTimeout(model(each), operations, time.Minute)
		fmt.Println(result)
		if result == porcupine.Illegal {
			os.Exit(1)
		}
	}
}
