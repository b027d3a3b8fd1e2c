# Makes edf.csv and curves.csv from case.csv: Rscript fit.R, in this folder, with mgcv 1.8-41 (R 4.2). The case was simulated: a walk on a
# square, a heading and a speed, counts of two units.
suppressMessages({library(mgcv); library(splines)})
case <- read.csv("case.csv")
clamped <- function(x, n) splineDesign(c(rep(0, 3), seq(0, 1, length.out = n - 2), rep(1, 3)), x, ord = 4)
line <- function(n) { D <- diff(diag(n), differences = 2); t(D) %*% D }
circle <- function(n) { I <- diag(n); D <- I[c(n, 1:(n - 1)), ] - 2 * I + I[c(2:n, 1), ]; t(D) %*% D }
product <- function(a, b) { out <- matrix(0, nrow(a), ncol(a) * ncol(b)); for (i in 1:ncol(a)) out[, (i - 1) * ncol(b) + 1:ncol(b)] <- a[, i] * b; out }
position <- function(x, y) product(clamped(x, 8), clamped(y, 8))
heading <- function(a) cSplineDes(a, seq(0, 2 * pi, length.out = 13), ord = 4)
speed <- function(s) clamped(s, 6)
# a sum over the bins of zero, which takes the intercept out of each term and changes neither fit nor penalty
centred <- function(X, S) {
  Z <- qr.Q(qr(matrix(colMeans(X), ncol = 1)), complete = TRUE)[, -1]
  S <- lapply(S, function(s) t(Z) %*% s %*% Z)
  list(X = X %*% Z, Z = Z, penalty = c(S, list(rank = sapply(S, function(s) qr(s)$rank))))
}
P <- centred(position(case$x, case$y), list(kronecker(line(8), diag(8)), kronecker(diag(8), line(8))))
H <- centred(heading(case$heading), list(circle(12)))
V <- centred(speed(case$speed), list(line(6)))
Xp <- P$X; Xh <- H$X; Xv <- V$X
at <- seq(0.05, 0.95, length.out = 10); place <- expand.grid(y = at, x = at); angle <- seq(0, 2 * pi, length.out = 25)
edf <- NULL; curves <- NULL
for (unit in c("a", "b")) {
  k <- case[[unit]]
  fit <- gam(k ~ Xp + Xh + Xv, family = poisson, method = "REML", paraPen = list(Xp = P$penalty, Xh = H$penalty, Xv = V$penalty))
  at_p <- 1 + 1:ncol(Xp); at_h <- max(at_p) + 1:ncol(Xh); at_v <- max(at_h) + 1:ncol(Xv); w <- coef(fit)
  edf <- rbind(edf, data.frame(unit = unit, term = c("position", "heading", "speed"), edf = c(sum(fit$edf[at_p]), sum(fit$edf[at_h]), sum(fit$edf[at_v]))))
  values <- list(position = position(place$x, place$y) %*% P$Z %*% w[at_p], heading = heading(angle) %*% H$Z %*% w[at_h], speed = speed(at) %*% V$Z %*% w[at_v])
  for (term in names(values)) curves <- rbind(curves, data.frame(unit = unit, term = term, value = as.vector(values[[term]])))
}
write.csv(edf, "edf.csv", row.names = FALSE, quote = FALSE); write.csv(curves, "curves.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "mgcv", as.character(packageVersion("mgcv")), "\n")
