// The light build is the same class with less in it; the package names no types for it.
declare module "hls.js/light" {
  export { default } from "hls.js";
}
