# peers.R OURS: times R's packages where they are installed, and prints the ratio to what OURS (the output of bench_mixed and
# bench_survival) says.  Processor time of this process; medians of three, of one beyond 5 s.
ours <- readLines(commandArgs(TRUE)[1])
mixed_of <- function(name, n) { l <- grep(sprintf("^%s +%d ", name, n), ours, value = TRUE); if (length(l)) as.numeric(strsplit(trimws(substring(l[1], 29)), " +")[[1]][4]) else NA }
survival_of <- function(name) { l <- grep(paste0("^", name), ours, value = TRUE); if (length(l)) as.numeric(sub(".*?([0-9.]+) ms.*", "\\1", substring(l[1], 35))) else NA }
cpu <- function(e) { e <- substitute(e); env <- parent.frame(); one <- function() { t <- proc.time(); suppressWarnings(suppressMessages(eval(e, env))); sum((proc.time() - t)[c(1, 2, 4, 5)], na.rm = TRUE) * 1e3 }
  t <- one(); if (t < 5e3) t <- median(c(t, one(), one())); t }
say <- function(what, peer, theirs, mine) cat(sprintf("%-46s %-22s %10.0f ms %9.2f ms %8.0f x\n", what, peer, theirs, mine, theirs / mine))
has <- function(p) suppressWarnings(suppressPackageStartupMessages(requireNamespace(p, quietly = TRUE)))

cat(sprintf("%-46s %-22s %13s %12s %10s\n", "what", "peer", "peer", "racemate", "ratio"))
study <- function(n, visits = 9) {
  set.seed(1); arm <- runif(n) < .6; base <- rnorm(n, 18, 3); level <- rnorm(n, 0, 3); slope <- rnorm(n, 0, .4)
  d <- expand.grid(v = seq_len(visits), id = seq_len(n)); i <- d$id
  d$y <- -6 * (1 - exp(-d$v / 3)) - .15 * arm[i] * d$v + .2 * (base[i] - 18) + level[i] + slope[i] * d$v + rnorm(nrow(d), 0, 2)
  d$arm <- factor(arm[i]); d$base <- base[i]; d$visit <- factor(d$v); d$id <- factor(i)
  left <- 1 + rgeom(n, .04); d[d$v <= left[i] & (d$v == 1 | runif(nrow(d)) > .02), ]
}
if (has("mmrm")) { library(mmrm)
  for (n in c(153, 1000)) { d <- study(n)
    say(sprintf("mixed model, 9 visits, %d patients", n), "mmrm, Satterthwaite", cpu(summary(mmrm(y ~ arm * visit + base * visit + us(visit | id), d))), mixed_of("unstructured, Satterthwaite", n)) }
  d <- study(153)
  say("mixed model, 9 visits, 153 patients", "mmrm, Kenward-Roger", cpu(summary(mmrm(y ~ arm * visit + base * visit + us(visit | id), d, method = "Kenward-Roger"))), mixed_of("unstructured, Kenward-Roger", 153))
} else cat("mmrm is not installed: not measured\n")
if (has("lme4")) for (n in c(1000, 10000)) { d <- study(n)
  say(sprintf("random slope, 9 visits, %d patients", n), "lme4", cpu(lme4::lmer(y ~ arm * v + (v | id), d)), mixed_of("random slope", n))
} else cat("lme4 is not installed: not measured\n")
if (has("survival")) { library(survival)
  set.seed(2); n <- 1e5; x <- matrix(rnorm(5 * n), n); g <- rbinom(n, 1, .5); t <- rexp(n, exp(x %*% c(.3, -.2, .1, 0, .2)) / 30); e <- runif(n) < .7; day <- ceiling(t)
  say("Cox, 100,000, 5 covariates, distinct times", "survival", cpu(coxph(Surv(t, e) ~ x)), survival_of("Cox, distinct times"))
  say("Cox, 100,000, 5 covariates, whole days", "survival", cpu(coxph(Surv(day, e) ~ x)), survival_of("Cox, whole days"))
  say("Kaplan-Meier, 100,000, 2 arms", "survival", cpu(survfit(Surv(t, e) ~ g, conf.type = "log-log")), survival_of("Kaplan-Meier, distinct times"))
  say("log-rank, 100,000, 2 arms", "survival", cpu(survdiff(Surv(t, e) ~ g)), survival_of("log-rank, distinct times"))
} else cat("survival is not installed: not measured\n")
