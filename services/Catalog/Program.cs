using DemoVlp.Catalog;
using DemoVlp.Catalog.Data;
using DemoVlp.Database;
using DemoVlp.Messaging;
using DemoVlp.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("catalog");
builder.AddCatalog();
builder.AddMessaging(CatalogModule.AddCatalogConsumers);

var app = builder.Build();
if (await app.MigrateIfAskedAsync<CatalogDbContext>(args)) return;
app.UseServiceDefaults();
app.MapCatalog();
await app.RunAsync();
