window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#explorer",
  deepLinking: true,
  validatorUrl: null, // the description stays here
  defaultModelsExpandDepth: -1,
});
