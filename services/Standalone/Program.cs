using DemoVlp.Catalog;
using DemoVlp.FrameSampling;
using DemoVlp.Messaging;
using DemoVlp.QueryAnswering;
using DemoVlp.RegionExtraction;
using DemoVlp.ServiceDefaults;
using DemoVlp.TextTokenization;
using DemoVlp.Training;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("standalone");
builder.AddCatalog().AddFrameSampling().AddRegionExtraction().AddTextTokenization().AddTraining().AddQueryAnswering();
builder.AddMessaging(
    CatalogModule.AddCatalogConsumers, FrameSamplingModule.AddFrameSamplingConsumers, RegionExtractionModule.AddRegionExtractionConsumers,
    TextTokenizationModule.AddTextTokenizationConsumers, TrainingModule.AddTrainingConsumers, QueryAnsweringModule.AddQueryAnsweringConsumers);

var app = builder.Build();
app.UseServiceDefaults();
app.MapCatalog().MapFrameSampling().MapRegionExtraction().MapTextTokenization().MapTraining().MapQueryAnswering();
app.Run();
