/* SPDX-License-Identifier: MIT
 *
 * hw-names.c - families and models: what people and libpfm4 call them, and
 * whose event tables are theirs.  Intel: Linux 6.12, arch/x86/include/asm/
 * intel-family.h; AMD: arch/x86/kernel/cpu/amd.c, and libpfm4's detection.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "hw-rules.h"

#define ATOM 0x20 /* CPUID.1AH core types */
#define CORE 0x40

/* clang-format off */
/* Family 6.  A hybrid part that shows no core type has its E-cores off. */
static const struct {
	uint8_t model, core_type; /* core type 0: not a hybrid part */
	uint8_t uarch;
	const char *libpfm, *name;
} intel6[] = {
	{ 14, 0, UARCH_UNKNOWN, NULL, "Core Solo or Duo" }, /* version 1 */
	{ 15, 0, UARCH_CORE2, "core", "Core 2" },
	{ 22, 0, UARCH_CORE2, "core", "Core 2" },
	{ 23, 0, UARCH_CORE2, "core", "Core 2" },
	{ 29, 0, UARCH_CORE2, "core", "Core 2" },
	{ 26, 0, UARCH_NHM, "nhm", "Nehalem" },
	{ 30, 0, UARCH_NHM, "nhm", "Nehalem" },
	{ 31, 0, UARCH_NHM, "nhm", "Nehalem" },
	{ 46, 0, UARCH_NHM, "nhm_ex", "Nehalem-EX" },
	{ 37, 0, UARCH_WSM, "wsm", "Westmere" },
	{ 44, 0, UARCH_WSM, "wsm_dp", "Westmere-DP" },
	{ 47, 0, UARCH_WSM, "wsm", "Westmere-EX" },
	{ 42, 0, UARCH_SNB, "snb", "Sandy Bridge" },
	{ 45, 0, UARCH_SNB, "snb_ep", "Sandy Bridge-EP" },
	{ 58, 0, UARCH_IVB, "ivb", "Ivy Bridge" },
	{ 62, 0, UARCH_IVB, "ivb_ep", "Ivy Bridge-EP" },
	{ 60, 0, UARCH_HSW, "hsw", "Haswell" },
	{ 69, 0, UARCH_HSW, "hsw", "Haswell" },
	{ 70, 0, UARCH_HSW, "hsw", "Haswell" },
	{ 63, 0, UARCH_HSW, "hsw_ep", "Haswell-EP" },
	{ 61, 0, UARCH_BDW, "bdw", "Broadwell" },
	{ 71, 0, UARCH_BDW, "bdw", "Broadwell" },
	{ 79, 0, UARCH_BDW, "bdw_ep", "Broadwell-EP" },
	{ 86, 0, UARCH_BDW, "bdw_ep", "Broadwell-DE" },
	{ 78, 0, UARCH_SKL, "skl", "Skylake" },
	{ 94, 0, UARCH_SKL, "skl", "Skylake" },
	{ 142, 0, UARCH_SKL, "skl", "Kaby Lake" },
	{ 158, 0, UARCH_SKL, "skl", "Kaby Lake" },
	{ 165, 0, UARCH_SKL, "skl", "Comet Lake" },
	{ 166, 0, UARCH_SKL, "skl", "Comet Lake" },
	{ 85, 0, UARCH_SKL, "skx", "Skylake-SP" }, /* see name_intel() */
	{ 125, 0, UARCH_ICL, "icl", "Ice Lake" },
	{ 126, 0, UARCH_ICL, "icl", "Ice Lake" },
	{ 140, 0, UARCH_ICL, "icl", "Tiger Lake" },
	{ 141, 0, UARCH_ICL, "icl", "Tiger Lake" },
	{ 167, 0, UARCH_ICL, "icl", "Rocket Lake" },
	{ 106, 0, UARCH_ICL, "icx", "Ice Lake-SP" },
	{ 108, 0, UARCH_ICL, "icx", "Ice Lake-D" },
	{ 143, 0, UARCH_GLC, "spr", "Sapphire Rapids" },
	{ 207, 0, UARCH_GLC, "emr", "Emerald Rapids" },
	{ 151, CORE, UARCH_GLC, "adl_glc", "Alder Lake, P-core" },
	{ 151, ATOM, UARCH_GRT, "adl_grt", "Alder Lake, E-core" },
	{ 154, CORE, UARCH_GLC, "adl_glc", "Alder Lake, P-core" },
	{ 154, ATOM, UARCH_GRT, "adl_grt", "Alder Lake, E-core" },
	{ 183, CORE, UARCH_GLC, "adl_glc", "Raptor Lake, P-core" },
	{ 183, ATOM, UARCH_GRT, "adl_grt", "Raptor Lake, E-core" },
	{ 186, CORE, UARCH_GLC, "adl_glc", "Raptor Lake, P-core" },
	{ 186, ATOM, UARCH_GRT, "adl_grt", "Raptor Lake, E-core" },
	{ 191, CORE, UARCH_GLC, "adl_glc", "Raptor Lake, P-core" },
	{ 191, ATOM, UARCH_GRT, "adl_grt", "Raptor Lake, E-core" },
	{ 170, CORE, UARCH_RWC, NULL, "Meteor Lake, P-core" },
	{ 170, ATOM, UARCH_CMT, NULL, "Meteor Lake, E-core" },
	{ 172, CORE, UARCH_RWC, NULL, "Meteor Lake, P-core" },
	{ 172, ATOM, UARCH_CMT, NULL, "Meteor Lake, E-core" },
	{ 173, 0, UARCH_RWC, "gnr", "Granite Rapids" },
	{ 174, 0, UARCH_RWC, "gnr", "Granite Rapids-D" },
	{ 189, CORE, UARCH_LNC, NULL, "Lunar Lake, P-core" },
	{ 189, ATOM, UARCH_SKT, NULL, "Lunar Lake, E-core" },
	{ 197, CORE, UARCH_LNC, NULL, "Arrow Lake, P-core" },
	/* Two kinds of E-cores, one core type. */
	{ 197, ATOM, UARCH_UNKNOWN, NULL, "Arrow Lake, E-core" },
	{ 181, CORE, UARCH_RWC, NULL, "Arrow Lake, P-core" },
	{ 181, ATOM, UARCH_CMT, NULL, "Arrow Lake, E-core" },
	{ 198, CORE, UARCH_LNC, NULL, "Arrow Lake, P-core" },
	{ 198, ATOM, UARCH_SKT, NULL, "Arrow Lake, E-core" },
	{ 28, 0, UARCH_BNL, "atom", "Atom" },
	{ 38, 0, UARCH_BNL, "atom", "Atom" },
	{ 39, 0, UARCH_BNL, "atom", "Atom" },
	{ 53, 0, UARCH_BNL, "atom", "Atom" },
	{ 54, 0, UARCH_BNL, "atom", "Atom" },
	{ 55, 0, UARCH_SLM, "slm", "Silvermont" },
	{ 74, 0, UARCH_SLM, "slm", "Silvermont" },
	{ 76, 0, UARCH_SLM, "slm", "Airmont" },
	{ 77, 0, UARCH_SLM, "slm", "Silvermont" },
	{ 90, 0, UARCH_SLM, "slm", "Silvermont" },
	{ 92, 0, UARCH_GLM, "glm", "Goldmont" },
	{ 95, 0, UARCH_GLM, "glm", "Goldmont" },
	{ 122, 0, UARCH_GLM, "glm", "Goldmont Plus" },
	{ 134, 0, UARCH_TNT, "tmt", "Tremont" },
	{ 150, 0, UARCH_TNT, "tmt", "Tremont" },
	{ 156, 0, UARCH_TNT, "tmt", "Tremont" },
	{ 190, 0, UARCH_GRT, "adl_grt", "Gracemont" },
	{ 175, 0, UARCH_CMT, NULL, "Sierra Forest" },
	{ 182, 0, UARCH_CMT, NULL, "Grand Ridge" },
	{ 87, 0, UARCH_KNL, "knl", "Knights Landing" },
	{ 133, 0, UARCH_KNL, "knm", "Knights Mill" },
};

/* The first row that fits. */
static const struct {
	uint8_t family, first, last;
	uint8_t nsteppings; /* from 0; 0: all */
	uint8_t uarch;
	const char *libpfm, *name;
} amd[] = {
	{ 6, 0, 255, 0, UARCH_K7, "amd64_k7", "K7" },
	{ 0x0f, 4, 4, 1, UARCH_K8, "amd64_k8_revb", "K8" },
	{ 0x0f, 5, 5, 2, UARCH_K8, "amd64_k8_revb", "K8" },
	{ 0x0f, 0, 0x0f, 0, UARCH_K8, "amd64_k8_revc", "K8" },
	{ 0x0f, 0x10, 0x1f, 0, UARCH_K8, "amd64_k8_revd", "K8" },
	{ 0x0f, 0x20, 0x3f, 0, UARCH_K8, "amd64_k8_reve", "K8" },
	{ 0x0f, 0x40, 0x5f, 0, UARCH_K8, "amd64_k8_revf", "K8" },
	{ 0x0f, 0xc0, 0xcf, 0, UARCH_K8, "amd64_k8_revf", "K8" },
	{ 0x0f, 0x60, 0x8f, 0, UARCH_K8, "amd64_k8_revg", "K8" },
	{ 0x0f, 0, 255, 0, UARCH_K8, "amd64_k8_revb", "K8" },
	{ 0x10, 4, 6, 0, UARCH_F10, "amd64_fam10h_shanghai", "family 10h" },
	{ 0x10, 8, 9, 0, UARCH_F10, "amd64_fam10h_istanbul", "family 10h" },
	{ 0x10, 0, 255, 0, UARCH_F10, "amd64_fam10h_barcelona", "family 10h" },
	{ 0x11, 0, 255, 0, UARCH_F10, "amd64_fam11h_turion", "family 11h" },
	{ 0x12, 0, 255, 0, UARCH_F10, "amd64_fam12h_llano", "family 12h" },
	{ 0x14, 0, 255, 0, UARCH_F10, "amd64_fam14h_bobcat", "family 14h" },
	{ 0x15, 0, 255, 0, UARCH_F15, "amd64_fam15h_interlagos", "family 15h" },
	{ 0x16, 0, 255, 0, UARCH_F10, "amd64_fam16h", "family 16h" },
	{ 0x17, 0, 47, 0, UARCH_ZEN1, "amd64_fam17h_zen1", "Zen" },
	{ 0x17, 48, 255, 0, UARCH_ZEN2, "amd64_fam17h_zen2", "Zen 2" },
	{ 0x18, 0, 255, 0, UARCH_ZEN1, "amd64_fam17h_zen1", "Zen (Hygon)" },
	{ 0x19, 0x10, 0x1f, 0, UARCH_ZEN4, "amd64_fam19h_zen4", "Zen 4" },
	{ 0x19, 0x60, 255, 0, UARCH_ZEN4, "amd64_fam19h_zen4", "Zen 4" },
	{ 0x19, 0, 255, 0, UARCH_ZEN3, "amd64_fam19h_zen3", "Zen 3" },
	{ 0x1a, 0, 255, 0, UARCH_ZEN5, "amd64_fam1ah_zen5", "Zen 5" },
};
/* clang-format on */
#define N(a) (sizeof(a) / sizeof((a)[0]))

static const char *name_intel(struct pfm_hw *hw)
{
	for (size_t i = 0; hw->family == 6 && i < N(intel6); i++) {
		unsigned type = hw->core_type;

		if (intel6[i].model != hw->model)
			continue;
		if (!type && intel6[i].core_type)
			type = CORE;
		if (intel6[i].core_type && intel6[i].core_type != type)
			continue;
		hw->uarch = intel6[i].uarch;
		hw->libpfm = intel6[i].libpfm;
		/* As perf's mapfile.csv tells them apart. */
		if (hw->model == 85 && hw->stepping >= 5) {
			hw->libpfm = "clx";
			return "Cascade Lake";
		}
		return intel6[i].name;
	}
	return NULL;
}

static const char *name_amd(struct pfm_hw *hw)
{
	for (size_t i = 0; i < N(amd); i++)
		if (amd[i].family == hw->family && amd[i].first <= hw->model &&
		    amd[i].last >= hw->model &&
		    (!amd[i].nsteppings || hw->stepping < amd[i].nsteppings)) {
			hw->uarch = amd[i].uarch;
			hw->libpfm = amd[i].libpfm;
			return amd[i].name;
		}
	return NULL;
}

void hw_name(struct pfm_hw *hw)
{
	bool intel = hw->vendor == HW_INTEL;
	const char *name = intel ? name_intel(hw) : name_amd(hw);

	if (name)
		snprintf(hw->desc, sizeof(hw->desc), "%s %s",
			 intel ? "Intel" : "AMD", name);
	else
		snprintf(hw->desc, sizeof(hw->desc),
			 "%s family %u model %u: unknown model, architectural "
			 "events only",
			 intel ? "Intel" : "AMD", hw->family, hw->model);
}

/* Does the event's name begin with "pmu::"? */
static bool has_pmu(const char *event, const char *pmu)
{
	size_t len = pmu ? strlen(pmu) : 0;

	return len && strncmp(event, pmu, len) == 0 &&
	       strncmp(event + len, "::", 2) == 0;
}

bool hw_is_of(const struct pfm_hw *hw, const char *event)
{
	return hw->core_type && has_pmu(event, hw->libpfm);
}

bool hw_is_of_other(const struct pfm_hw *hw, const char *event)
{
	if (!hw->core_type || hw_is_of(hw, event))
		return false;
	for (size_t i = 0; i < N(intel6); i++)
		if (intel6[i].core_type && has_pmu(event, intel6[i].libpfm))
			return true;
	return false;
}
