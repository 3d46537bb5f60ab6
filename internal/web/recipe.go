package web

import (
	"net/http"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// recipeLine is a recipe of a dataset.
type recipeLine struct {
	id, name, about string
	may             bool // the person may remove it
}

func recipeLines(all []wire.Recipe) (out []recipeLine) {
	for _, one := range all {
		l := recipeLine{id: one.ID, name: ui.Plain(one.Name), about: "version " + itoa(int64(one.Version)) + " · by " + one.Author + " · " + when(one.At), may: one.MayChange}
		if !one.Shared {
			l.about += " · only yours"
		}
		out = append(out, l)
	}
	return out
}

// saveRecipe keeps how a change's file is read, for the next such file.
func (s *site) saveRecipe(w http.ResponseWriter, r *http.Request, p access.Principal) {
	err := readForm(w, r)
	id := r.PathValue("id")
	var saved wire.Recipe
	if err == nil {
		saved, err = s.uc.SaveRecipe(r.Context(), p, r.PostForm.Get("name"), change.ID(id), r.PostForm.Get("share") != "")
	}
	if err != nil {
		s.showReading(w, r, p, err)
		return
	}
	s.told(r, "Kept as the recipe "+saved.Name+", version "+itoa(int64(saved.Version))+". Choose it at the next file.")
	http.Redirect(w, r, "/changes/"+id+"/reading", http.StatusSeeOther)
}

// removeRecipe takes a recipe out of the lists.
func (s *site) removeRecipe(w http.ResponseWriter, r *http.Request, p access.Principal) {
	err := readForm(w, r)
	name := r.PathValue("name")
	var gone wire.Recipe
	if err == nil {
		gone, err = s.uc.RemoveRecipe(r.Context(), p, name, r.PostForm.Get("recipe"))
	}
	if err != nil {
		s.failed(w, r, s.head(r, &p, "Recipes"), err)
		return
	}
	s.told(r, "The recipe "+gone.Name+" is removed. Changes that were read by it keep it.")
	http.Redirect(w, r, "/datasets/"+name+"/rules", http.StatusSeeOther)
}
