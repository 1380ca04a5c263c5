using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Catalog.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class ExtractingDetector : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "ExtractingDetector",
                schema: "catalog",
                table: "videos",
                type: "text",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "ExtractingDetector",
                schema: "catalog",
                table: "videos");
        }
    }
}
