package compact

import "sutor/internal/access"

// fill tells whether a different person can be found for every place, of those
// who may take it, and if not, the first place for which there is nobody. It
// moves others aside where that helps (augmenting paths of a bipartite matching).
func fill(places [][]access.Email) (unfilled int, ok bool) {
	taken := map[access.Email]int{} // person → place
	for place := range places {
		if !assign(place, places, taken, map[access.Email]bool{}) {
			return place, false
		}
	}
	return 0, true
}

// assign finds a person for a place.
func assign(place int, places [][]access.Email, taken map[access.Email]int, seen map[access.Email]bool) bool {
	for _, who := range places[place] {
		if seen[who] {
			continue
		}
		seen[who] = true
		other, busy := taken[who]
		if !busy || assign(other, places, taken, seen) {
			taken[who] = place
			return true
		}
	}
	return false
}
