using DemoVlp.Catalog;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("catalog");
builder.AddCatalog();
builder.AddMessaging(CatalogModule.AddCatalogConsumers);

var app = builder.Build();
app.UseServiceDefaults();
app.MapCatalog();
app.Run();
